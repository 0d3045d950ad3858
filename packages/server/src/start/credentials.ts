import { readFile } from 'node:fs/promises';
import { errorCode } from '@colophon/core';
import { durable } from '@colophon/store';
import type { DataDirectory } from '../config/data-directory.ts';
import type { TokenStore } from '../access/tokens.ts';

/** Makes the administrator's token at the first start; gives it ever after. */
export async function adminToken(directory: DataDirectory, tokens: TokenStore): Promise<string> {
  const known = await readFile(directory.adminToken, 'utf8').catch((error: unknown) =>
    errorCode(error) === 'ENOENT' ? undefined : Promise.reject(error),
  );
  if (known !== undefined && tokens.find(known.trim()) !== undefined) return known.trim();
  const token = await tokens.issue('admin', [{ verbs: ['admin'] }]);
  await durable.writeFile(directory.adminToken, `${token}\n`, { mode: 0o600 });
  return token;
}

/** Writes what clients read: the server's address, a kubeconfig and a docker configuration, each 0600 where it carries the token.
 * kubectl sends no token over plain http (client-go, clientcmd), so the kubeconfig carries it in the path; see `liftToken`. */
export async function writeClientFiles(directory: DataDirectory, publicUrl: URL, token: string): Promise<void> {
  const base = publicUrl.href.replace(/\/$/, '');
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'colophon', cluster: { server: `${base}/with/${token}/kubernetes` } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'colophon', context: { cluster: 'colophon', user: 'admin', namespace: 'default' } }],
    'current-context': 'colophon',
  };
  const auth = Buffer.from(`colophon:${token}`).toString('base64');
  const hosts = new Set([publicUrl.host, publicUrl.host.replace(/^127\.0\.0\.1/, 'localhost')]);
  const docker = { auths: Object.fromEntries([...hosts].map((host) => [host, { auth }])) };
  await durable.writeFile(directory.kubeconfig, `${JSON.stringify(kubeconfig, null, 2)}\n`, { mode: 0o600 });
  await durable.writeFile(directory.dockerConfig, `${JSON.stringify(docker, null, 2)}\n`, { mode: 0o600 });
  await durable.writeFile(`${directory.root}/server.url`, `${base}\n`, { mode: 0o644 });
}
