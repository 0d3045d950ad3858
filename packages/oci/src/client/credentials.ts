import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorCode, parseJson } from '@colophon/core';
import { z } from 'zod';
import { ociErrors } from '../errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** An OAuth2 refresh token (docker's identitytoken) instead of a password. */
  readonly identityToken?: string;
}

/** Looks a registry's credentials up; undefined: none, ask as anybody. OCI_CREDENTIALS. */
export type FindCredentials = (registry: string) => Promise<Credentials | undefined>;

const configSchema = z.looseObject({
  auths: z
    .record(
      z.string(),
      z.looseObject({
        auth: z.string().optional(),
        username: z.string().optional(),
        password: z.string().optional(),
        identitytoken: z.string().optional(),
      }),
    )
    .optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
type DockerConfig = z.output<typeof configSchema>;

/** What docker hub is called in docker's files. */
const hub = 'https://index.docker.io/v1/';

/** docker's config.json: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; read anew at each look-up. Credential helpers are run as docker runs them. */
export function dockerCredentials(path = join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')): FindCredentials {
  return async (registry) => {
    const { auths = {}, credHelpers = {}, credsStore } = await readConfig(path);
    const server = registry === 'docker.io' ? hub : registry;
    const helper = credHelpers[registry] ?? credHelpers[server] ?? (credsStore === '' ? undefined : credsStore);
    if (helper !== undefined) {
      const found = await runHelper(helper, server);
      if (found !== undefined) return found;
    }
    const names = [server, registry, `https://${registry}`, `http://${registry}`, `https://${registry}/v1/`, `https://${registry}/v2/`];
    const entry = names.map((name) => auths[name]).find((found) => found !== undefined);
    if (entry === undefined) return undefined;
    const decoded = Buffer.from(entry.auth ?? '', 'base64')
      .toString()
      .replace(/\0+$/, '');
    const colon = decoded.indexOf(':');
    const username = entry.username ?? decoded.slice(0, Math.max(0, colon));
    const password = entry.password ?? decoded.slice(colon + 1);
    const identityToken = entry.identitytoken ?? '';
    if (username === '' && password === '' && identityToken === '') return undefined;
    return { username, password, ...(identityToken === '' ? {} : { identityToken }) };
  };
}

async function readConfig(path: string): Promise<DockerConfig> {
  try {
    return configSchema.parse(parseJson(await readFile(path), path));
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return {};
    throw ociErrors.error('OCI_CREDENTIALS', `cannot use ${path}`, { cause });
  }
}

/** docker-credential-helpers' protocol: the server on standard input, JSON back. */
async function runHelper(name: string, server: string): Promise<Credentials | undefined> {
  // The name becomes a program's; a path in it would be another program.
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name))
    throw ociErrors.error('OCI_CREDENTIALS', `not a credential helper's name: ${JSON.stringify(name.slice(0, 80))}`);
  const program = `docker-credential-${name}`;
  const answer = await new Promise<string | undefined>((resolve, reject) => {
    const child = execFile(program, ['get'], { timeout: 30_000, maxBuffer: 1 << 20 }, (cause, stdout) => {
      if (cause === null) resolve(stdout);
      else if (/credentials not found/i.test(stdout)) resolve(undefined);
      else reject(ociErrors.error('OCI_CREDENTIALS', `${program} failed for ${server}`, { cause }));
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(server);
  });
  if (answer === undefined) return undefined;
  const { Username: username, Secret: secret } = parseJson(answer, `the answer of ${program}`) as { Username?: unknown; Secret?: unknown };
  if (typeof username !== 'string' || typeof secret !== 'string')
    throw ociErrors.error('OCI_CREDENTIALS', `${program} gave no credentials`);
  return username === '<token>' ? { username: '', password: '', identityToken: secret } : { username, password: secret };
}
