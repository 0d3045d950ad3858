import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ExampleRepository {
  /** `git+file://…` */
  readonly uri: string;
  readonly path: string;
  readonly commit: string;
}

/** A git repository of the examples, with one commit whose id depends on their content alone. */
export async function makeRepository(examples: string, directory: string): Promise<ExampleRepository> {
  const path = join(directory, 'distroless');
  await rm(path, { recursive: true, force: true });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await cp(examples, path, { recursive: true });
  const time = '2026-01-01T00:00:00Z';
  const author = { GIT_AUTHOR_NAME: 'Colophon', GIT_AUTHOR_EMAIL: 'examples@colophon.invalid', GIT_AUTHOR_DATE: time };
  const committer = { GIT_COMMITTER_NAME: 'Colophon', GIT_COMMITTER_EMAIL: 'examples@colophon.invalid', GIT_COMMITTER_DATE: time };
  const env = {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    LC_ALL: 'C',
    ...author,
    ...committer,
  };
  const git = async (...args: string[]) =>
    (await run('git', ['-c', 'core.autocrlf=false', '-c', 'core.fileMode=false', ...args], { cwd: path, env })).stdout.trim();
  await git('init', '--quiet', '--initial-branch=main');
  await git('add', '--all');
  await git('commit', '--quiet', '-m', 'The examples');
  return { uri: `git+file://${path}`, path, commit: await git('rev-parse', 'HEAD') };
}
