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
const server = require('node:net').createServer({ allowHalfOpen: true });
server.listen(${proxyAddress.port}, '${proxyAddress.host}', () => process.send('listening', server));
`;

/**
 * Listens on 127.0.0.1:3128 in a task's network namespace and leads to the proxy's socket. A socket belongs to the network
 * namespace that it was made in, whoever holds it: a short-lived process makes it in there and hands it over, and
 * the host accepts on it. No process of ours stays in the namespace, and the step reaches nothing but the port.
 */
export async function startProxyRelay(nest: Nest, tools: Tools, socketPath: string): Promise<Relay> {
  const child = spawn(tools.nsenter ?? 'nsenter', [...nest.enterNetwork, process.execPath, '-e', program], {
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
    child.once('exit', () => reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', `the relay to the proxy did not start: ${said}`)));
  });
  return relayTo(server, socketPath);
}
