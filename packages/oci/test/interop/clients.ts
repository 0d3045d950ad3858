import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ociErrors, type Authorize } from '../../src/index.ts';
import { temporaryDirectory } from '../support.ts';

const folder = process.env['COLOPHON_CLIENTS'] ?? join(import.meta.dirname, '../../../../.cache/clients');

/** Path of a client that scripts/clients fetched or the machine has; undefined, and said, if there is none. */
export function findClient(name: string): string | undefined {
  const found = [join(folder, name), `/usr/bin/${name}`, `/usr/sbin/${name}`].find((path) => existsSync(path));
  if (found === undefined) console.log(`${name} is neither in ${folder} nor in /usr/bin: what it would show is not tried`);
  return found;
}

export const [username, password] = ['colophon', 'a-token'] as const;
const header = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Anybody may pull; who pushes has to log in. */
export const pullsAreOpen: Authorize = (request, { action }) => {
  const known = request.headers.get('authorization') === header;
  if (!known && action !== 'pull') throw ociErrors.error('OCI_UNAUTHORIZED', 'log in');
  return known ? username : 'anybody';
};

/** Nothing without logging in. */
export const nothingIsOpen: Authorize = (request) => {
  if (request.headers.get('authorization') === header) return username;
  throw ociErrors.error('OCI_UNAUTHORIZED', 'log in');
};

export type Run = (program: string, ...args: readonly string[]) => Promise<string>;

/** Runs clients with a home of their own, whose docker configuration knows `host` if `loggedIn`; gives what they print. */
export async function shell(host: string, loggedIn = true): Promise<Run & { home: string }> {
  const home = await temporaryDirectory();
  const auths = loggedIn ? { [host]: { auth: Buffer.from(`${username}:${password}`).toString('base64') } } : {};
  await mkdir(join(home, '.docker'));
  await writeFile(join(home, '.docker', 'config.json'), JSON.stringify({ auths }));
  const env = { PATH: process.env['PATH'], HOME: home, DOCKER_CONFIG: join(home, '.docker'), XDG_RUNTIME_DIR: home };
  const run: Run = async (program, ...args) => {
    try {
      return (await promisify(execFile)(program, args, { env, cwd: home, maxBuffer: 16 << 20 })).stdout;
    } catch (error) {
      const { stderr, stdout } = error as { stderr: string; stdout: string };
      throw new Error(`${program} ${args.join(' ')}: ${stderr}${stdout}`, { cause: error });
    }
  };
  return Object.assign(run, { home });
}
