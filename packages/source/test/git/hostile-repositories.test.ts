import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync, writeFileSync, mkdirSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openGitStore, type GitStore } from '@colophon/source';

let directory: string;
let repository: string;
let git: (input: string | Buffer, ...args: string[]) => string;
let store: GitStore;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'colophon-git-'));
  repository = join(directory, 'hostile.git');
  execFileSync('git', ['init', '--quiet', '--bare', repository]);
  git = (input, ...args) =>
    execFileSync('git', [`--git-dir=${repository}`, '-c', 'user.name=t', '-c', 'user.email=t@example.org', ...args], { input })
      .toString()
      .trim();
  store = openGitStore({ directory: join(directory, 'inputs'), protocols: ['file'] });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** A tree object with whatever names the attacker likes; `git mktree` would refuse some of them. */
function tree(entries: readonly [mode: string, name: string, id: string][]): string {
  const data = Buffer.concat(entries.map(([mode, name, id]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, 'hex')])));
  return git(data, 'hash-object', '-t', 'tree', '-w', '--literally', '--stdin');
}

const blob = (text: string) => git(text, 'hash-object', '-w', '--stdin');

function commit(treeId: string, branch = 'main'): string {
  const id = git('', 'commit-tree', treeId, '-m', 'x');
  git('', 'update-ref', `refs/heads/${branch}`, id);
  return id;
}

const uri = () => `git+file://${repository}`;

describe('a tree is written as git itself would write it', () => {
  it('keeps modes, links and bytes, and equals a clone by git', async () => {
    const inner = tree([
      ['120000', 'link', blob('../a')],
      ['100644', 'ä ö', blob('umlaut')],
    ]);
    const id = commit(
      tree([
        ['100644', 'a', blob('one\r\n')],
        ['100755', 'b.sh', blob('#!/bin/sh\n')],
        ['40000', 'dir', inner],
      ]),
    );
    const fetched = await store.fetch(uri(), 'main');
    expect(fetched).toEqual({ uri: uri(), commit: id, ref: 'main' });
    const { path } = await store.materialise(uri(), id);
    const clone = join(directory, 'clone');
    execFileSync('git', ['clone', '--quiet', '--branch', 'main', repository, clone]);
    rmSync(join(clone, '.git'), { recursive: true });
    expect(execFileSync('diff', ['-r', '--no-dereference', path, clone]).toString()).toBe('');
    expect(statSync(join(path, 'b.sh')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(path, 'dir', 'link'))).toBe('../a');
  });

  it('keeps names apart that differ only in case', async () => {
    const id = commit(
      tree([
        ['100644', 'A', blob('upper')],
        ['100644', 'a', blob('lower')],
      ]),
    );
    const { path } = await store.materialise(uri(), id);
    expect(readdirSync(path).toSorted()).toEqual(['A', 'a']);
  });

  it('leaves an empty directory for a submodule and never fetches it', async () => {
    const target = '1234567890123456789012345678901234567890';
    const id = commit(
      tree([
        ['100644', '.gitmodules', blob(`[submodule "x"]\n\tpath = x\n\turl = ext::sh -c touch% ${directory}/owned\n`)],
        ['160000', 'x', target],
      ]),
    );
    const { path, submodules } = await store.materialise(uri(), id).catch((error: unknown) => {
      // Newer git refuses such a .gitmodules already while it fetches.
      expect(error).toMatchObject({ code: 'SOURCE_FETCH_FAILED' });
      return { path: undefined, submodules: [] };
    });
    if (path !== undefined) {
      expect(readdirSync(join(path, 'x'))).toEqual([]);
      expect(submodules).toEqual([{ path: 'x', commit: target }]);
    }
    expect(existsSync(join(directory, 'owned'))).toBe(false);
  });

  it('writes nothing through a link that points out of the tree', async () => {
    const outside = join(directory, 'outside');
    mkdirSync(outside);
    const evil = tree([
      ['120000', 'd', blob(outside)],
      ['40000', 'd', tree([['100644', 'owned', blob('x')]])],
    ]);
    const id = commit(evil);
    await expect(store.materialise(uri(), id)).rejects.toMatchObject({ code: expect.stringMatching(/^(SOURCE_|EEXIST)/) as string });
    expect(readdirSync(outside)).toEqual([]);
  });
});

describe('names that are never checked out', () => {
  it.each([['.git'], ['.GIT'], ['git~1'], ['.git '], ['.g\u200cit'], ['..'], ['.'], ['a/b'], ['.git::$INDEX_ALLOCATION']])(
    'refuses %j',
    async (name) => {
      const id = commit(tree([['40000', name, tree([['100755', 'config', blob('[core]\n\tfsmonitor = touch /tmp/owned\n')]])]]));
      await expect(store.materialise(uri(), id)).rejects.toMatchObject({
        code: expect.stringMatching(/^SOURCE_(TREE_REFUSED|FETCH_FAILED)$/) as string,
      });
    },
  );
});

describe('what the repository says is never executed', () => {
  it('runs no hook and reads no configuration of the source repository', async () => {
    const id = commit(tree([['100644', 'plain', blob('p')]]), 'hooked');
    const marker = join(directory, 'hook-ran');
    for (const hook of ['post-checkout', 'pre-receive', 'post-update', 'reference-transaction', 'upload-pack']) {
      writeFileSync(join(repository, 'hooks', hook), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    }
    git('', 'config', 'core.fsmonitor', `touch ${marker}`);
    git('', 'config', 'uploadpack.packObjectsHook', `touch ${marker}; cat`);
    await store.materialise(uri(), id);
    expect(existsSync(marker)).toBe(false);
  });

  it.each([
    ['ext::sh -c id'],
    ['--upload-pack=touch /tmp/owned'],
    ['git+https://user:secret@example.org/x'],
    ['/etc'],
    ['git+file://host/x'],
    ['git+ssh://-oProxyCommand=id/x'],
    ['git+https://example.org/x\n'],
    ['http+git://x'],
    [''],
  ])('refuses the address %j', async (address) => {
    await expect(store.fetch(address, 'main')).rejects.toMatchObject({ code: 'SOURCE_URI_REFUSED' });
  });

  it.each([['--upload-pack=x'], ['main:refs/heads/x'], ['a..b'], ['@{-1}'], ['']])('refuses the revision %j', async (revision) => {
    await expect(store.fetch(uri(), revision)).rejects.toMatchObject({ code: 'SOURCE_REVISION_UNKNOWN' });
  });

  it('refuses protocols that are not allowed here, and folders outside the allowed ones', async () => {
    const closed = openGitStore({ directory: join(directory, 'closed') });
    await expect(closed.fetch(uri(), 'main')).rejects.toMatchObject({ code: 'SOURCE_URI_REFUSED' });
    const rooted = openGitStore({ directory: join(directory, 'rooted'), protocols: ['file'], fileRoots: [join(directory, 'other')] });
    await expect(rooted.fetch(uri(), 'main')).rejects.toMatchObject({ code: 'SOURCE_URI_REFUSED' });
  });
});

describe('limits', () => {
  it('stops at too many entries, too many bytes, too deep a tree', async () => {
    const small = (limits: object) =>
      openGitStore({
        directory: mkdtempSync(join(directory, 'l-')),
        protocols: ['file'],
        limits: { entries: 100, bytes: 1000, fileBytes: 500, depth: 5, ...limits },
      });
    const file = blob('x'.repeat(400));
    const many = commit(
      tree(
        Array.from({ length: 101 }, (_, index) => ['100644', `f${String(index).padStart(3, '0')}`, blob('')] as [string, string, string]),
      ),
    );
    await expect(small({}).materialise(uri(), many)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
    const big = commit(
      tree([
        ['100644', 'a', file],
        ['100644', 'b', file],
        ['100644', 'c', file],
      ]),
    );
    await expect(small({}).materialise(uri(), big)).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
    let deep = tree([['100644', 'x', file]]);
    for (let depth = 0; depth < 8; depth += 1) deep = tree([['40000', 'd', deep]]);
    await expect(small({}).materialise(uri(), commit(deep))).rejects.toMatchObject({ code: 'SOURCE_TOO_LARGE' });
  });
});

describe('reading single files', () => {
  it('reads from the objects and never follows a link', async () => {
    const id = commit(
      tree([
        ['40000', '.tekton', tree([['100644', 'push.yaml', blob('kind: PipelineRun\n')]])],
        ['120000', 'link', blob('/etc/passwd')],
      ]),
      'files',
    );
    await store.fetch(uri(), id);
    expect((await store.readFile(uri(), id, '.tekton/push.yaml')).toString()).toBe('kind: PipelineRun\n');
    expect(await store.listFiles(uri(), id, '.tekton')).toEqual(['push.yaml']);
    await expect(store.readFile(uri(), id, 'link')).rejects.toMatchObject({ code: 'SOURCE_PATH_UNKNOWN' });
    await expect(store.readFile(uri(), id, '../x')).rejects.toMatchObject({ code: 'SOURCE_PATH_UNKNOWN' });
  });

  it('says what is missing', async () => {
    await expect(store.fetch(uri(), 'no-such-branch')).rejects.toMatchObject({ code: 'SOURCE_REVISION_UNKNOWN', exit: 3 });
    await expect(store.fetch(uri(), 'f'.repeat(40))).rejects.toMatchObject({ code: expect.stringMatching(/^SOURCE_/) as string });
  });
});

it('notices an object that is not what its name says', async () => {
  const id = commit(tree([['100644', 'victim', blob('good content')]]), 'flip');
  await store.fetch(uri(), id);
  const victim = git('good content', 'hash-object', '--stdin');
  const repositories = join(directory, 'inputs', 'repositories');
  const own = join(repositories, readdirSync(repositories)[0] as string);
  // A later reader finds a loose object with other content under the same name.
  const other = git('evil content', 'hash-object', '-w', '--stdin');
  const loose = (root: string, name: string) => join(root, 'objects', name.slice(0, 2), name.slice(2));
  for (const name of readdirSync(join(own, 'objects', 'pack'))) rmSync(join(own, 'objects', 'pack', name), { force: true });
  for (const name of [victim, git('', 'rev-parse', `${id}^{tree}`), id]) {
    mkdirSync(join(own, 'objects', name.slice(0, 2)), { recursive: true });
    rmSync(loose(own, name), { force: true });
    writeFileSync(loose(own, name), readFileSync(loose(repository, name === victim ? other : name)));
  }
  await expect(store.readFile(uri(), id, 'victim')).rejects.toMatchObject({ code: 'SOURCE_OBJECT_INVALID' });
});
