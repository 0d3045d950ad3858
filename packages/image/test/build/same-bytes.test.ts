import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sha256Hex } from '@colophon/core';
import { describe, expect, test } from 'vitest';
import { buildSample, sampleSpec, samplePackages } from '../support/build.ts';
import { makeArchive, temporaryDirectory } from '../support/deb.ts';

const text = `${sampleSpec}files: [{ source: tree, path: /opt/tree }]\n`;

function localFiles(): string {
  const files = temporaryDirectory();
  mkdirSync(join(files, 'tree/sub'), { recursive: true });
  for (const name of ['b', 'a', 'sub/é', 'Z']) writeFileSync(join(files, 'tree', name), name);
  return files;
}

/** Every file of a layout, by name and hash. */
function fingerprint(layout: string): string {
  const names = readdirSync(layout, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return names
    .map((entry) => `${entry.name} ${sha256Hex(readFileSync(join(entry.parentPath, entry.name)))}`)
    .sort()
    .join('\n');
}

describe('the same bytes, whatever the machine', () => {
  test('any number of workers, a warm or a cold cache, other directories, other times and modes of local files', async () => {
    const archive = makeArchive(samplePackages);
    const files = localFiles();
    const cache = temporaryDirectory();
    const expected = fingerprint((await buildSample({ ...archive, text, files, cache, workers: 1 })).output);
    expect(fingerprint((await buildSample({ ...archive, text, files, cache, workers: 3 })).output)).toBe(expected);
    const elsewhere = join(temporaryDirectory(), 'another place');
    cpSync(files, elsewhere, { recursive: true });
    utimesSync(join(elsewhere, 'tree/a'), 12345, 12345);
    expect(fingerprint((await buildSample({ ...archive, text, files: elsewhere, workers: 4 })).output)).toBe(expected);
  });

  test('another process with another TZ, locale, umask and clock', async () => {
    const { lock, debs } = makeArchive(samplePackages);
    const files = localFiles();
    const expected = (await buildSample({ lock, debs, text, files })).descriptor.digest;
    const job = join(temporaryDirectory(), 'job.json');
    writeFileSync(
      job,
      JSON.stringify({ text, lock, files, debs: Object.fromEntries(lock.packages.map(({ sha256 }) => [sha256, debs(sha256)])) }),
    );
    const script = join(import.meta.dirname, '../support/build-process.ts');
    for (const [umask, environment] of [
      ['022', { TZ: 'UTC', LC_ALL: 'C' }],
      ['077', { TZ: 'Asia/Kathmandu', LC_ALL: 'tr_TR.UTF-8' }],
    ] as const) {
      const command = `umask ${umask}; exec "$0" --conditions=colophon-source --disable-warning=ExperimentalWarning "$@"`;
      const output = execFileSync('sh', ['-c', command, process.execPath, script, job, join(temporaryDirectory(), 'layout')], {
        env: { PATH: process.env['PATH'], ...environment },
        encoding: 'utf8',
      });
      expect(output.trim()).toBe(expected);
    }
  });
});
