// Packages are taken before it is known whether their archive vouches for them: until it is, the layout names no image.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Index } from '@colophon/oci';
import { describe, expect, test } from 'vitest';
import { buildSample, samplePackages } from '../support/build.ts';
import { makeArchive, temporaryDirectory } from '../support/deb.ts';

const named = (output: string) => (JSON.parse(readFileSync(join(output, 'index.json'), 'utf8')) as Index).manifests;

describe('a build whose packages are still to be proven', () => {
  test('names nothing before they are, and then what it would have named at once', async () => {
    const archive = makeArchive(samplePackages);
    const expected = named((await buildSample(archive)).output);
    const output = join(temporaryDirectory(), 'layout');
    const { promise, resolve } = Promise.withResolvers<void>();
    let layers = 0;
    const made = Promise.withResolvers<void>();
    const building = buildSample({
      ...archive,
      output,
      proven: promise,
      onProgress: () => void (++layers === samplePackages.length && made.resolve()),
    });
    await made.promise;
    expect(named(output)).toEqual([]);
    resolve();
    await building;
    expect(named(output)).toEqual(expected);
  });

  test('fails with the reason, at once, and names nothing, not even what an earlier build had named', async () => {
    const archive = makeArchive(samplePackages);
    const { output } = await buildSample(archive);
    const cache = temporaryDirectory();
    await buildSample({ ...archive, cache });
    // Everything is there, from the cache even: only the proof is not.
    const forged = Promise.reject(new Error('the archive does not vouch for it'));
    await expect(buildSample({ ...archive, cache, output, proven: forged })).rejects.toThrow(/does not vouch/);
    expect(named(output)).toEqual([]);
    // A package that never comes does not hold the bad news back.
    const never = { ...archive, debs: () => new Promise<string>(() => {}) };
    const late = Promise.withResolvers<void>();
    const building = buildSample({ ...never, output, proven: late.promise });
    late.reject(new Error('nor for this'));
    await expect(building).rejects.toThrow(/nor for this/);
    expect(named(output)).toEqual([]);
  });

  test('that fails by itself leaves the proof alone', async () => {
    const archive = { ...makeArchive(samplePackages), debs: () => '/nowhere' };
    const forged = Promise.reject(new Error('unheard'));
    await expect(buildSample({ ...archive, variants: ['unknown'], proven: forged })).rejects.toThrow(
      expect.objectContaining({ code: 'IMAGE_VARIANT_UNKNOWN' }),
    );
  });
});
