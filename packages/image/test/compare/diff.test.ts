import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gzipMember } from '../../src/encoder/encoder.ts';
import { diffImages } from '../../src/compare/diff.ts';
import type { Entry } from '../../src/tar/entry.ts';
import { readArchive } from '../../src/tar/reader.ts';
import { writeTar } from '../../src/tar/writer.ts';
import { buildSample, samplePackages, sharedSample } from '../support/build.ts';
import { relayout, type Changes } from '../support/relayout.ts';

const types = { '0': 'file', '1': 'hardlink', '2': 'symlink', '5': 'directory' } as const;

/** The entries of an archive, to be written again with changes. */
function entriesOf(tar: Buffer): Entry[] {
  return [...readArchive(tar, 'test')].map(({ path, flag, mode, uid, gid, mtime, content, linkTarget }) => {
    const type = types[flag as keyof typeof types];
    return { path, type, mode, uid, gid, mtime, ...(type === 'file' ? { content } : {}), ...(linkTarget === '' ? {} : { linkTarget }) };
  });
}

const sample = sharedSample();

async function diffWith(changes: Omit<Changes, 'compress'> & { compress?: Changes['compress'] }) {
  const { output, descriptor } = sample();
  const other = await relayout(output, descriptor.digest, { compress: gzipMember, ...changes });
  return diffImages(output, descriptor.digest, other.layout, other.descriptor.digest);
}

const inTool = (change: (entry: Entry) => Entry) => (tar: Buffer, index: number) =>
  index === 2 ? writeTar(entriesOf(tar).map((entry) => (entry.path === 'usr/bin/tool' ? change(entry) : entry))) : tar;

describe('verdicts', () => {
  test('digest-identical: made again the same way', async () => expect(await diffWith({})).toEqual({ verdict: 'digest-identical' }));

  test('diffid-identical: another encoder', async () => {
    expect(await diffWith({ compress: (tar) => gzipSync(tar) })).toMatchObject({
      verdict: 'diffid-identical',
      first: { layer: 1, field: 'encoding' },
    });
    expect(await diffWith({ annotations: {} })).toMatchObject({
      verdict: 'diffid-identical',
      first: { field: 'annotations.dev.colophon.encoder', found: null },
    });
  });

  test('content-identical: layers joined, another order or dialect', async () => {
    const joined = (archives: Buffer[]) => [
      writeTar([...new Map(archives.flatMap(entriesOf).map((entry) => [entry.path, entry])).values()]),
    ];
    expect(await diffWith({ layers: joined })).toMatchObject({
      verdict: 'content-identical',
      first: { layer: 1, path: 'tmp', field: 'mtime' },
    });
    const reversed = (tar: Buffer, index: number) => (index === 2 ? writeTar(entriesOf(tar).toReversed()) : tar);
    expect(await diffWith({ archive: reversed })).toMatchObject({ verdict: 'content-identical', first: { layer: 3, field: 'order' } });
    expect(await diffWith({ config: (config) => ({ ...config, created: '2030-01-01T00:00:00Z' }) })).toMatchObject({
      verdict: 'content-identical',
      first: { field: 'created' },
    });
  });
});

describe('different: the first difference by layer, path and field', () => {
  test.each<[string, (entry: Entry) => Entry, object]>([
    ['mode', (entry) => ({ ...entry, mode: 0o755 }), { expected: 0o4755, found: 0o755 }],
    ['uid', (entry) => ({ ...entry, uid: 1 }), { expected: 0, found: 1 }],
    ['mtime', (entry) => ({ ...entry, mtime: 5 }), { found: 5 }],
    [
      'flag',
      ({ path, mode, uid, gid, mtime }) => ({ path, mode, uid, gid, mtime, type: 'symlink', linkTarget: 'x' }),
      { expected: '0', found: '2' },
    ],
  ])('%s', async (field, change, values) => {
    expect(await diffWith({ archive: inTool(change) })).toMatchObject({
      verdict: 'different',
      first: { layer: 3, path: 'usr/bin/tool', field, ...values },
    });
  });

  test('one byte of a file', async () => {
    const flip = (entry: Entry) => {
      const content = Buffer.from(entry.content ?? []);
      content[1234] = 0x58;
      return { ...entry, content };
    };
    expect(await diffWith({ archive: inTool(flip) })).toMatchObject({
      first: { layer: 3, path: 'usr/bin/tool', field: 'content', offset: 1234, found: 0x58 },
    });
  });

  test('a layer less, a file more', async () => {
    expect(await diffWith({ layers: (archives) => archives.slice(0, -1) })).toMatchObject({
      verdict: 'different',
      first: { layer: 4, field: 'layer', found: null },
    });
    const more = (tar: Buffer, index: number) =>
      index === 0
        ? writeTar([...entriesOf(tar), { path: 'x', type: 'file', mode: 0o644, uid: 0, gid: 0, mtime: 0, content: Buffer.alloc(1) }])
        : tar;
    expect(await diffWith({ archive: more })).toMatchObject({
      verdict: 'different',
      first: { layer: 1, path: 'x', field: 'entry', expected: null },
    });
  });

  test('the configuration', async () => {
    const changed = await diffWith({ config: (config) => ({ ...config, config: { ...config.config, User: '0:0' } }) });
    expect(changed).toEqual({ verdict: 'different', first: { field: 'config.config.User', expected: '0', found: '0:0' } });
  });

  test('one package', async () => {
    const one = sample();
    const packages = samplePackages.map((facts) => (facts.name === 'tool' ? { ...facts, version: '1:2.0-2' } : facts));
    const other = await buildSample({ packages });
    const { verdict, first } = await diffImages(one.output, one.descriptor.digest, other.output, other.descriptor.digest);
    expect([verdict, first?.layer, first?.path, first?.field]).toEqual(['different', 3, 'var/lib/dpkg/status.d/tool', 'content']);
  });
});

test('an image that is not there', async () => {
  const { output, descriptor } = sample();
  await expect(diffImages(output, descriptor.digest, output, `sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({
    code: 'IMAGE_NOT_FOUND',
  });
});
