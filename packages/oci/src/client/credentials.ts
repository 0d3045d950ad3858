import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { errorCode, parseJson } from '@colophon/core';
import { ociErrors } from '../errors.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** An OAuth2 refresh token (docker's identitytoken) instead of a password. */
  readonly identityToken?: string;
}

/** Looks a registry's credentials up; undefined: none, ask as anybody. */
export type FindCredentials = (registry: string) => Promise<Credentials | undefined>;

interface DockerConfig {
  readonly auths?: Readonly<Record<string, { auth?: string; username?: string; password?: string; identitytoken?: string }>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** docker's config.json: `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`; credential helpers are run as docker runs them. */
export function dockerCredentials(path = join(process.env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json')): FindCredentials {
  let config: Promise<DockerConfig> | undefined;
  return async (registry) => {
    config ??= readConfig(path);
    const { auths = {}, credHelpers = {}, credsStore } = await config;
    const host = registry === 'docker.io' ? 'https://index.docker.io/v1/' : registry;
    const helper = credHelpers[registry] ?? (credsStore === undefined || credsStore === '' ? undefined : credsStore);
    if (helper !== undefined) {
      const found = await runHelper(helper, host);
      if (found !== undefined) return found;
    }
    const entry =
      auths[host] ??
      auths[`https://${registry}`] ??
      auths[`http://${registry}`] ??
      auths[`https://${registry}/v1/`] ??
      auths[`https://${registry}/v2/`];
    if (entry === undefined) return undefined;
    const [username = '', ...rest] = Buffer.from(entry.auth ?? '', 'base64')
      .toString()
      .split(':');
    const identityToken = entry.identitytoken === undefined || entry.identitytoken === '' ? {} : { identityToken: entry.identitytoken };
    return { username: entry.username ?? username, password: entry.password ?? rest.join(':'), ...identityToken };
  };
}

async function readConfig(path: string): Promise<DockerConfig> {
  try {
    return parseJson(await readFile(path), path) ?? {};
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return {};
    throw ociErrors.error('OCI_CREDENTIALS', `cannot use ${path}`, { cause: error });
  }
}

/** docker-credential-helpers' protocol: the server on standard input, JSON back. */
async function runHelper(name: string, server: string): Promise<Credentials | undefined> {
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(name))
    throw ociErrors.error('OCI_CREDENTIALS', `not a credential helper's name: ${JSON.stringify(name.slice(0, 80))}`);
  return new Promise((resolve, reject) => {
    const child = execFile(`docker-credential-${name}`, ['get'], { timeout: 30_000, maxBuffer: 1 << 20 }, (error, stdout) => {
      if (error !== null) {
        if (/credentials not found/i.test(stdout)) return resolve(undefined);
        return reject(ociErrors.error('OCI_CREDENTIALS', `docker-credential-${name} failed for ${server}`, { cause: error }));
      }
      const { Username, Secret } = parseJson(stdout, `the answer of docker-credential-${name}`) as { Username: string; Secret: string };
      return resolve(
        Username === '<token>' ? { username: '', password: '', identityToken: Secret } : { username: Username, password: Secret },
      );
    });
    child.stdin?.end(server);
  });
}
