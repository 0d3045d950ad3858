import { spawn } from 'node:child_process';
import type { Server } from 'node:net';
import { runnerErrors } from '../../errors.ts';
import type { Tools } from '../machine/tools.ts';
import type { Nest } from '../sandbox/nest.ts';
import { relayTo, type Relay } from './relay.ts';

/** Where steps of a task with the network find the recording proxy. */
export const proxyAddress = { host: '127.0.0.1', port: 3128 } as const;

/** What finds the proxy for most programs; names in both cases, as curl reads one and others the other. */
export function proxyEnvironment(): Record<string, string> {
  const url = `http://${proxyAddress.host}:${proxyAddress.port}`;
  const here = 'localhost,127.0.0.1,::1';
  return { HTTP_PROXY: url, HTTPS_PROXY: url, http_proxy: url, https_proxy: url, NO_PROXY: here, no_proxy: here };
}

const program = `
const server = require('node:net').createServer({ allowHalfOpen: true, pauseOnConnect: true });
server.listen(Number(process.argv[1]), '${proxyAddress.host}', () => process.send('listening', server));
`;

/** The way to the recording proxy. */
export function startProxyRelay(nest: Nest, tools: Tools, socketPath: string): Promise<Relay> {
  return startPortRelay(nest, tools, proxyAddress.port, socketPath);
}

/**
 * Listens on a port of 127.0.0.1 in a task's network namespace and leads to a socket of the control plane. A socket belongs to the network
 * namespace that it was made in, whoever holds it: a short-lived process makes it in there and hands it over, and
 * the host accepts on it. No process of ours stays in the namespace, and the step reaches nothing but the port.
 */
export async function startPortRelay(nest: Nest, tools: Tools, port: number, socketPath: string): Promise<Relay> {
  const child = spawn(tools.nsenter ?? 'nsenter', [...nest.enterNetwork, process.execPath, '-e', program, String(port)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: {},
    cwd: '/',
  });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-500)));
  const server = await new Promise<Server>((resolve, reject) => {
    child.once('message', (_message, handle) => {
      // Its part is done; as long as it lives it listens too.
      child.kill('SIGKILL');
      resolve(handle as Server);
    });
    child.once('error', reject);
    child.once('exit', () => reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the relay of port ${port} did not start: ${said}`)));
  });
  return relayTo(server, socketPath);
}
