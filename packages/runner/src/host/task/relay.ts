import { spawn } from 'node:child_process';
import { runnerErrors } from '../../errors.ts';

/**
 * Listens on 127.0.0.1:3128 inside a step's network namespace and passes bytes to the control plane's proxy socket. It runs in that network namespace and in no other
 * of the step's: its files, its user and its memory are the host's, and the step reaches nothing of it but the port.
 */
const program = `
const { createServer, connect } = require('node:net');
const server = createServer((client) => {
  const upstream = connect(process.argv[1]);
  client.on('error', () => upstream.destroy()); upstream.on('error', () => client.destroy());
  client.on('close', () => upstream.destroy()); upstream.on('close', () => client.destroy());
  client.pipe(upstream); upstream.pipe(client);
});
server.listen(3128, '127.0.0.1', () => process.stdout.write('listening'));
process.stdin.on('end', () => process.exit(0)).resume();
`;

export async function startRelay(pid: number, socketPath: string): Promise<{ close(): void }> {
  const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, process.execPath, '-e', program, socketPath], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    cwd: '/',
  });
  child.stdin.on('error', () => {});
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(runnerErrors.error('RUNNER_SANDBOX_FAILED', 'the relay to the proxy did not start')));
  });
  return { close: () => void child.kill('SIGKILL') };
}
