import { spawnSync } from 'node:child_process';

/** Set in the hardened process's environment, so that it does not start itself again. */
const marker = 'COLOPHON_SIGNER_HARDENED';

const nodeFlags = [
  // OpenSSL keeps private keys in locked memory that is not swapped and not in a core dump (openssl, OPENSSL_secure_malloc(3)).
  '--secure-heap=65536',
  '--secure-heap-min=2',
  '--disable-proto=delete',
  '--disallow-code-generation-from-strings',
] as const;

/**
 * Replaces this process by itself, hardened as far as the machine allows: no core dumps (ulimit -c 0), a network namespace of its own with
 * nothing in it (where user namespaces may be made; the private socket is a file and works through it), keys in locked memory. The process
 * id and the standard streams stay. Does nothing the second time. Without an isolated network the signer runs all the same: it opens none.
 */
export function hardenOnce(module: string, argv: readonly string[]): void {
  if (process.env[marker] !== undefined || process.platform !== 'linux' || process.execve === undefined) return;
  const node = [process.execPath, ...process.execArgv, ...nodeFlags, module, ...argv];
  const isolated = canUnshare() ? ['unshare', '--user', '--map-current-user', '--net', '--', ...node] : node;
  const environment = { ...process.env, [marker]: isolated === node ? 'host-network' : 'no-network', NODE_NO_WARNINGS: '1' };
  process.execve('/bin/sh', ['sh', '-c', 'ulimit -c 0; exec "$@"', 'sh', ...isolated], environment);
}

function canUnshare(): boolean {
  return spawnSync('unshare', ['--user', '--map-current-user', '--net', '--', 'true'], { stdio: 'ignore', timeout: 5000 }).status === 0;
}
