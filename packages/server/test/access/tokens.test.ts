import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { allows, isAttachmentTag, openTokenStore, type Holder, type Scope, type Wish } from '../../src/access/tokens.ts';
import { place } from '../support/place.ts';

const holder = (...scopes: Scope[]): Holder => ({ name: 'x', subject: 'x', scopes });
const registry = (repository: string, verb: Wish['verb'] = 'write', tags: string[] = []): Wish => ({
  area: 'registry',
  verb,
  repository,
  tags,
});
const runs = (namespace: string | undefined, verb: Wish['verb'] = 'write'): Wish => ({
  area: 'runs',
  verb,
  ...(namespace === undefined ? {} : { namespace }),
});

it('keeps hashes only, in a file of mode 0600, through a restart', async () => {
  const path = join(await place(), 'tokens.json');
  const tokens = await openTokenStore(path);
  const token = await tokens.issue('ci', [{ verbs: ['read'], namespace: 'a' }]);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const text = await readFile(path, 'utf8');
  expect(text).not.toContain(token);
  expect(text).not.toContain(token.replace('colophon_', ''));
  const again = await openTokenStore(path);
  expect(again.find(token)).toMatchObject({ name: 'ci', subject: 'ci', scopes: [{ verbs: ['read'], namespace: 'a' }] });
  expect(again.find(`${token}x`)).toBeUndefined();
  expect(again.find('')).toBeUndefined();
});

it('two tokens are never alike, and a new one of a name replaces the old one', async () => {
  const tokens = await openTokenStore(join(await place(), 'tokens.json'));
  const [first, second] = [await tokens.issue('ci', [{ verbs: ['read'] }]), await tokens.issue('ci', [{ verbs: ['read'] }])];
  expect(first).not.toBe(second);
  expect(tokens.find(first)).toBeUndefined();
  expect(tokens.list()).toHaveLength(1);
});

it('a temporary token is never written down, and dies with the process or when it is revoked', async () => {
  const path = join(await place(), 'tokens.json');
  const tokens = await openTokenStore(path);
  await tokens.issue('admin', [{ verbs: ['admin'] }]);
  const run = await tokens.issue('run-token-1', [{ verbs: ['write'], repository: 'app' }], { temporary: true, subject: 'opaque' });
  expect(tokens.find(run)?.subject).toBe('opaque');
  await tokens.issue('other', [{ verbs: ['read'] }]);
  expect(await readFile(path, 'utf8')).not.toContain('run-token-1');
  expect((await openTokenStore(path)).find(run)).toBeUndefined();
  expect(await tokens.revoke('run-token-1')).toBe(true);
  expect(tokens.find(run)).toBeUndefined();
  expect(await tokens.revoke('run-token-1')).toBe(false);
});

it('a revoked token is gone after a restart too', async () => {
  const path = join(await place(), 'tokens.json');
  const tokens = await openTokenStore(path);
  const token = await tokens.issue('ci', [{ verbs: ['read'] }]);
  await tokens.revoke('ci');
  expect((await openTokenStore(path)).find(token)).toBeUndefined();
});

it('a token ends when it expires, also one read from the file; a date that is none has passed', async () => {
  const path = join(await place(), 'tokens.json');
  const tokens = await openTokenStore(path);
  const [late, early] = [new Date(Date.now() + 3_600_000), new Date(Date.now() - 1)];
  const valid = await tokens.issue('valid', [{ verbs: ['read'] }], { expires: late });
  const expired = await tokens.issue('expired', [{ verbs: ['read'] }], { expires: early });
  for (const store of [tokens, await openTokenStore(path)]) {
    expect(store.find(valid)?.name).toBe('valid');
    expect(store.find(expired)).toBeUndefined();
  }
  await writeFile(path, (await readFile(path, 'utf8')).replace(late.toISOString(), 'some day'));
  expect((await openTokenStore(path)).find(valid)).toBeUndefined();
});

it.each([
  ['no JSON', '{'],
  ['no list', '{"version":1}'],
  ['a later version', '{"version":2,"tokens":[]}'],
  ['an unknown right', '{"version":1,"tokens":[{"name":"a","sha256":"' + '0'.repeat(64) + '","scopes":[{"verbs":["root"]}]}]}'],
  [
    'a restriction that it does not know',
    '{"version":1,"tokens":[{"name":"a","sha256":"' + '0'.repeat(64) + '","scopes":[{"verbs":["read"],"hours":"9-17"}]}]}',
  ],
  ['no hash', '{"version":1,"tokens":[{"name":"a","sha256":"","scopes":[]}]}'],
])('a damaged list is refused, not read as empty: %s', async (_, text) => {
  const path = join(await place(), 'tokens.json');
  await writeFile(path, text);
  await expect(openTokenStore(path)).rejects.toMatchObject({ code: 'SERVER_TOKENS_INVALID' });
});

it.each<[string, Scope, Wish, boolean]>([
  ['a missing member means any', { verbs: ['write'] }, runs('a'), true],
  ['its namespace', { verbs: ['write'], namespace: 'a' }, runs('a'), true],
  ['another namespace', { verbs: ['write'], namespace: 'a' }, runs('b'), false],
  ['all namespaces', { verbs: ['write'], namespace: 'a' }, runs(undefined), false],
  ['a namespace with the same beginning', { verbs: ['write'], namespace: 'a' }, runs('ab'), false],
  ['a namespace’s token at the registry', { verbs: ['write'], namespace: 'a' }, registry('a'), false],
  ['its repository', { verbs: ['write'], repository: 'team/app' }, registry('team/app'), true],
  ['a repository below', { verbs: ['write'], repository: 'team/app' }, registry('team/app/x'), false],
  ['a repository with the same beginning', { verbs: ['write'], repository: 'team/app' }, registry('team/app2'), false],
  ['below a prefix', { verbs: ['write'], repository: 'team/*' }, registry('team/app/x'), true],
  ['the prefix itself', { verbs: ['write'], repository: 'team/*' }, registry('team'), false],
  ['beside the prefix', { verbs: ['write'], repository: 'team/*' }, registry('team2/app'), false],
  ['a repository’s token on the catalogue', { verbs: ['read'], repository: 'team/*' }, { area: 'registry', verb: 'read' }, false],
  ['a repository’s token on runs', { verbs: ['write'], repository: 'team/*' }, runs('team'), false],
  ['another area', { verbs: ['write'], area: 'log' }, registry('a'), false],
  ['its area', { verbs: ['write'], area: 'log' }, { area: 'log', verb: 'write' }, true],
  ['another verb', { verbs: ['read'] }, runs('a', 'write'), false],
  ['write is not delete', { verbs: ['write', 'read'] }, registry('a', 'delete'), false],
  ['write is not administration', { verbs: ['write', 'read', 'delete'] }, runs(undefined, 'admin'), false],
  ['an administrator does everything', { verbs: ['admin'] }, runs('a', 'delete'), true],
  ['an administrator of one namespace, elsewhere', { verbs: ['admin'], namespace: 'a' }, runs('b'), false],
  ['an administrator of one namespace, the server', { verbs: ['admin'], namespace: 'a' }, runs(undefined, 'admin'), false],
  ['no verbs', { verbs: [] }, runs('a', 'read'), false],
  ['image tags only: an image', { verbs: ['write'], tags: 'images' }, registry('a', 'write', ['v1', 'sha256-of-a-kind']), true],
  [
    'image tags only: an attestation',
    { verbs: ['write'], tags: 'images' },
    registry('a', 'write', [`sha256-${'a'.repeat(64)}.att`]),
    false,
  ],
  [
    'image tags only: among others',
    { verbs: ['write'], tags: 'images' },
    registry('a', 'write', ['v1', `sha256-${'a'.repeat(64)}.sig`]),
    false,
  ],
  ['image tags only: referrers', { verbs: ['write'], tags: 'images' }, registry('a', 'write', [`sha512-${'a'.repeat(128)}`]), false],
  ['any tags: an attestation', { verbs: ['write'] }, registry('a', 'write', [`sha256-${'a'.repeat(64)}.att`]), true],
])('%s', (_, scope, wish, expected) => {
  expect(allows(holder(scope), wish)).toBe(expected);
  // Scopes add up; none takes from another.
  expect(allows(holder({ verbs: [] }, scope), wish)).toBe(expected);
  expect(allows(holder(), wish)).toBe(false);
});

it('knows the tags that hold what is said of an image', () => {
  const hex = '0123456789abcdef'.repeat(4);
  for (const tag of [
    `sha256-${hex}.att`,
    `sha256-${hex}.sig`,
    `sha256-${hex}.sbom`,
    `sha256-${hex}`,
    `SHA256-${hex.toUpperCase()}.att`,
    `sha512-${hex}${hex}`,
  ])
    expect(isAttachmentTag(tag), tag).toBe(true);
  for (const tag of ['latest', 'sha256', 'v1.0.att', `x-sha256-${hex}`, 'sha256-abc']) expect(isAttachmentTag(tag), tag).toBe(false);
});
