import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from '@colophon/core';
import { stageFiles, type FindFile } from '../../src/step-image/files.ts';
import type { Recipe } from '../../src/index.ts';
import { entry, makeImage, temporaryDirectory } from '../support/images.ts';

const contents = { '/opt/one': 'first', '/opt/deep/two': 'second' };
const recipe = { files: Object.entries(contents).map(([path, content]) => ({ path, sha256: sha256Hex(content) })) } as unknown as Recipe;

/** A machine that has these files. */
function machine(files: Readonly<Record<string, string>>): FindFile {
  const place = temporaryDirectory();
  const paths = new Map(Object.entries(files).map(([path, content], index) => [path, [join(place, String(index)), content] as const]));
  for (const [at, content] of paths.values()) writeFileSync(at, content, { mode: 0o600 });
  return (path) => paths.get(path)?.[0];
}

async function staged(find: FindFile, inImage: Readonly<Record<string, string>> = {}) {
  const root = temporaryDirectory();
  const original = await makeImage([Object.entries(inImage).map(([path, content]) => entry(path.slice(1), content))]);
  const result = await stageFiles(recipe, root, find, original);
  for (const [path, content] of Object.entries(contents)) {
    expect(readFileSync(join(root, path), 'utf8')).toBe(content);
    expect(statSync(join(root, path)).mode & 0o777).toBe(0o644);
  }
  return result;
}

const missing = expect.objectContaining({ code: 'REBUILD_FILE_MISSING' });

describe('local files of a step image', () => {
  it('are this machine’s own where their content is the recorded one', async () => {
    expect(await staged(machine(contents))).toEqual({ local: 2, fromImage: 0 });
  });

  it('are taken out of the image, by hash, where this machine has others or none', async () => {
    expect(await staged(machine({ '/opt/one': 'another version' }), contents)).toEqual({ local: 0, fromImage: 2 });
    expect(await staged(machine({ '/opt/one': 'first' }), contents)).toEqual({ local: 1, fromImage: 1 });
  });

  it('are not taken where neither has the recorded content', async () => {
    await expect(staged(machine({ '/opt/one': 'first' }), { '/opt/deep/two': 'changed' })).rejects.toThrow(missing);
    await expect(staged(machine({}), { '/opt/one': 'first' })).rejects.toThrow(missing);
  });

  it('are not taken from another path of the image', async () => {
    await expect(staged(machine({}), { '/opt/one': 'first', '/opt/elsewhere': 'second' })).rejects.toThrow(missing);
  });
});
