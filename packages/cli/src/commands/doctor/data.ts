import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Finding } from '@colophon/runner';
import { serverRuns } from '@colophon/server';

/** The directory, or the nearest one above it that is there: where its space will be taken from. */
export async function existingParent(path: string): Promise<string> {
  for (let directory = path; ; directory = dirname(directory)) {
    const found = await stat(directory).catch(() => undefined);
    if (found?.isDirectory() === true || directory === dirname(directory)) return directory;
  }
}

/** Looks at the data directory without opening anything in it. */
export async function dataFindings(path: string): Promise<Finding[]> {
  const name = 'data directory';
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return [{ name, state: 'good', found: `${path} is not there yet: the server makes it` }];
  if (!found.isDirectory()) return [{ name, state: 'missing', found: `${path} is no directory`, advice: 'Name another with --data.' }];
  if ((found.mode & 0o022) !== 0) {
    return [
      {
        name,
        state: 'missing',
        found: `${path} can be written by others`,
        advice: `chmod go-w ${path}: whoever writes there controls every verdict.`,
      },
    ];
  }
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && own !== found.uid)
    return [{ name, state: 'limited', found: `${path} belongs to user ${found.uid}`, advice: 'Run the command as that user.' }];
  const version = await readFile(join(path, 'version'), 'utf8').catch(() => undefined);
  if (version === undefined) return [{ name, state: 'good', found: `${path} holds no server’s data yet` }];
  const running = serverRuns(path);
  return [{ name, state: 'good', found: `${path}, version ${version.trim()}, ${running ? 'in use by a server' : 'no server uses it'}` }];
}
