import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { durable } from '@colophon/store';
import { errorCode } from '@colophon/core';
import { sourceErrors } from '../errors.ts';
import { defaultLimits, exportTree, type TreeLimits } from './export.ts';
import { commitTree, openObjects, parseTree } from './objects.ts';
import { runGit } from './run-git.ts';
import { parseGitUri, type GitAddress } from './uri.ts';

export interface FetchedCommit {
  /** `git+https://…`, as provenance names it. */
  readonly uri: string;
  /** 40 (or 64) hexadecimal digits. */
  readonly commit: string;
  /** The ref that was asked for, when it was not the commit itself. */
  readonly ref?: string;
}

export interface GitStore {
  /** Makes the commit's objects present here, verified by name. Idempotent; concurrent calls for one repository are queued. */
  fetch(uri: string, revision: string, signal?: AbortSignal): Promise<FetchedCommit>;
  /** Reads one file of a fetched commit from the objects, links never followed. SOURCE_PATH_UNKNOWN. */
  readFile(uri: string, commit: string, path: string, limit?: number): Promise<Buffer>;
  /** The names in a directory of a fetched commit; files only. */
  listFiles(uri: string, commit: string, path: string): Promise<string[]>;
  /** The whole tree as a directory, written once and then never changed: `DIRECTORY/git/COMMIT`. */
  materialise(
    uri: string,
    commit: string,
    signal?: AbortSignal,
  ): Promise<{ path: string; submodules: readonly { path: string; commit: string }[] }>;
}

export interface GitStoreOptions {
  /** `DATA/inputs`. */
  readonly directory: string;
  /** Protocols that a run may name. `file` lets whoever may start a run read every repository that this process can. */
  readonly protocols?: readonly GitAddress['protocol'][];
  /** With `file`: only repositories under these folders. Default: all. */
  readonly fileRoots?: readonly string[];
  readonly limits?: TreeLimits;
}

export function openGitStore(options: GitStoreOptions): GitStore {
  const protocols = new Set(options.protocols ?? ['https', 'ssh']);
  const queues = new Map<string, Promise<unknown>>();

  function address(uri: string): GitAddress & { directory: string } {
    const parsed = parseGitUri(uri);
    if (!protocols.has(parsed.protocol)) {
      throw sourceErrors.error('SOURCE_URI_REFUSED', `${parsed.protocol} addresses are not allowed here: ${parsed.uri}`, {
        hint: `Allowed: ${[...protocols].join(', ')}. The server option \`--allow-source\` adds others.`,
      });
    }
    if (parsed.protocol === 'file' && options.fileRoots?.every((root) => !`${parsed.remote}/`.startsWith(`${root}/`)) === true) {
      throw sourceErrors.error('SOURCE_URI_REFUSED', `${parsed.uri} is outside the folders that may be read`);
    }
    const name = createHash('sha256').update(parsed.uri).digest('hex').slice(0, 32);
    return { ...parsed, directory: join(options.directory, 'repositories', `${name}.git`) };
  }

  /** One writer a repository. */
  function queued<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const result = (queues.get(key) ?? Promise.resolve()).then(work, work);
    queues.set(key, result);
    return result;
  }

  async function present(directory: string, commit: string): Promise<boolean> {
    return runGit([`--git-dir=${directory}`, 'rev-list', '--objects', '--missing=error', '--max-count=1', commit]).then(
      () => true,
      () => false,
    );
  }

  async function fetchNow(target: GitAddress & { directory: string }, revision: string, signal?: AbortSignal): Promise<FetchedCommit> {
    await mkdir(target.directory, { recursive: true, mode: 0o700 });
    const git = (...args: string[]) => runGit([`--git-dir=${target.directory}`, ...args], { protocol: target.protocol, signal });
    await git('init', '--quiet', '--bare');
    const isCommit = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/.test(revision);
    if (isCommit && (await present(target.directory, revision))) return { uri: target.uri, commit: revision };
    const local = 'refs/colophon/fetched';
    const shallow = ['fetch', '--quiet', '--no-tags', '--force', '--depth=1', '--no-write-fetch-head', '--end-of-options', target.remote];
    try {
      await git(...shallow, `${revision}:${local}`);
    } catch (error) {
      if (!isCommit) throw unknownRevision(error, target, revision);
      // A server may refuse a commit that no ref names: take all refs, then look again.
      await git('fetch', '--quiet', '--no-tags', '--force', '--end-of-options', target.remote, '+refs/*:refs/remote/*');
      if (!(await present(target.directory, revision))) throw unknownRevision(error, target, revision);
      return { uri: target.uri, commit: revision };
    }
    const commit = (await git('rev-parse', '--verify', `${local}^{commit}`)).trim();
    if (isCommit && commit !== revision) throw sourceErrors.error('SOURCE_OBJECT_INVALID', `asked for ${revision}, got ${commit}`);
    // Keep it reachable, so that no garbage collection of a later fetch takes it.
    await git('update-ref', `refs/colophon/kept/${commit}`, commit);
    return isCommit ? { uri: target.uri, commit } : { uri: target.uri, commit, ref: revision };
  }

  async function withTree<Result>(
    uri: string,
    commit: string,
    work: (entry: { id: string; mode: string } | undefined, reader: ReturnType<typeof openObjects>) => Promise<Result>,
    path: string,
  ): Promise<Result> {
    const reader = openObjects(address(uri).directory);
    try {
      const { tree } = await commitTree(reader, commit);
      let entry: { id: string; mode: string } | undefined = { id: tree, mode: '040000' };
      for (const part of path.split('/').filter((name) => name !== '' && name !== '.')) {
        if (entry.mode !== '040000') return await work(undefined, reader);
        entry = parseTree(await reader.read(entry.id)).find((candidate) => candidate.name.toString() === part);
        if (entry === undefined) return await work(undefined, reader);
      }
      return await work(entry, reader);
    } finally {
      reader.close();
    }
  }

  return {
    async fetch(uri, revision, signal) {
      const target = address(uri);
      if (!/^[A-Za-z0-9][A-Za-z0-9._/+-]{0,250}$/.test(revision) || revision.includes('..') || revision.endsWith('.lock')) {
        throw sourceErrors.error('SOURCE_REVISION_UNKNOWN', `not a revision: ${JSON.stringify(revision.slice(0, 300))}`);
      }
      return queued(target.directory, () => fetchNow(target, revision, signal));
    },
    readFile: (uri, commit, path, limit = 16 << 20) =>
      withTree(
        uri,
        commit,
        async (entry, reader) => {
          if (entry === undefined || !entry.mode.startsWith('100')) {
            throw sourceErrors.error('SOURCE_PATH_UNKNOWN', `${uri} at ${commit.slice(0, 12)} has no file ${path}`);
          }
          return (await reader.read(entry.id, limit)).data;
        },
        path,
      ),
    listFiles: (uri, commit, path) =>
      withTree(
        uri,
        commit,
        async (entry, reader) => {
          if (entry?.mode !== '040000') return [];
          const entries = parseTree(await reader.read(entry.id));
          return entries.filter(({ mode }) => mode.startsWith('100')).map(({ name }) => name.toString());
        },
        path,
      ),
    async materialise(uri, commit, signal) {
      const target = address(uri);
      const path = join(options.directory, 'git', commit);
      return queued(path, async () => {
        await queued(target.directory, () => fetchNow(target, commit, signal));
        const reader = openObjects(target.directory);
        const temporary = join(options.directory, 'git', `.${commit}-${randomUUID()}`);
        try {
          const { tree, time } = await commitTree(reader, commit);
          if (
            await access(path).then(
              () => true,
              () => false,
            )
          ) {
            const submodules = JSON.parse(await readFile(`${path}.submodules.json`, 'utf8')) as { path: string; commit: string }[];
            return { path, submodules };
          }
          await durable.createDirectory(join(options.directory, 'git'), { mode: 0o700 });
          await mkdir(temporary, { mode: 0o755 });
          const { submodules } = await exportTree(reader, tree, temporary, time, options.limits ?? defaultLimits);
          await durable.writeFile(`${path}.submodules.json`, JSON.stringify(submodules));
          await rename(temporary, path).catch((error: unknown) => {
            if (errorCode(error) !== 'ENOTEMPTY' && errorCode(error) !== 'EEXIST') throw error;
          });
          return { path, submodules };
        } finally {
          reader.close();
          await rm(temporary, { recursive: true, force: true });
        }
      });
    },
  };
}

function unknownRevision(cause: unknown, target: GitAddress, revision: string): Error {
  const words = cause instanceof Error ? cause.message : '';
  if (!/couldn't find remote ref|not our ref|unadvertised object/.test(words)) return cause as Error;
  return sourceErrors.error('SOURCE_REVISION_UNKNOWN', `${target.uri} has no revision ${revision}`, { cause });
}
