import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Lock } from '@colophon/debian';
import { onTestFinished } from 'vitest';
import { directory, file, type Entry } from '../../src/tar/entry.ts';
import { writeTar } from '../../src/tar/writer.ts';

/** 2026-01-02 03:04:05 UTC. */
export const time = 1_767_323_045;

export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'colophon-image-test-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export interface DebFacts {
  readonly name?: string;
  readonly version?: string;
  readonly architecture?: string;
  readonly source?: string;
  readonly scripts?: readonly string[];
}

/** A .deb of our own making: small, and hostile where the entries are. */
export function makeDeb(entries: readonly Entry[], facts: DebFacts = {}): Buffer {
  const { name = 'sample', version = '1.0-1', architecture = 'amd64', source, scripts = [] } = facts;
  const control = [
    `Package: ${name}`,
    ...(source === undefined ? [] : [`Source: ${source}`]),
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    'Maintainer: A Person <person@example.org>',
    `Description: the package ${name}`,
    ' It is made for a test.',
    '',
  ].join('\n');
  const controlEntries = [
    file('control', control, { mtime: time }),
    file('md5sums', 'd41d8cd98f00b204e9800998ecf8427e  usr/share/empty\n', { mtime: time }),
    ...scripts.map((script) => file(script, '#!/bin/sh\nexit 1\n', { mode: 0o755, mtime: time })),
  ];
  const root = directory('.', { mtime: time });
  return ar({
    'debian-binary': Buffer.from('2.0\n'),
    'control.tar': writeTar([root, ...controlEntries]),
    'data.tar.gz': gzipSync(writeTar([root, ...entries])),
  });
}

function ar(members: Readonly<Record<string, Buffer>>): Buffer {
  const parts: Uint8Array[] = [Buffer.from('!<arch>\n')];
  for (const [name, data] of Object.entries(members)) {
    const header = `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(data.length).padEnd(10)}\`\n`;
    parts.push(Buffer.from(header), data, Buffer.alloc(data.length % 2, '\n'));
  }
  return Buffer.concat(parts);
}

export interface Archive {
  readonly lock: Lock;
  readonly debs: (sha256: string) => string;
}

export interface LockedFile {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly size: number;
  readonly sha256: string;
}

/** A lock that names these files. Nothing vouches for it: signatures are another room's. */
export function lockOf(files: readonly LockedFile[], options: { snapshot?: string; architecture?: string } = {}): Lock {
  const zeros = '0'.repeat(64);
  return {
    version: 1,
    snapshot: options.snapshot ?? '2026-11-20T10:00:00Z',
    architecture: options.architecture ?? 'amd64',
    mode: 'explicit',
    request: ['everything'],
    suites: [
      {
        name: 'test',
        archive: 'archive',
        origin: 'Test',
        suite: 'test',
        codename: 'test',
        components: ['main'],
        inRelease: { path: 'dists/test/InRelease', size: 1, sha256: zeros, date: '2026-11-20T10:00:00Z', signedBy: ['A'.repeat(40)] },
        indices: [{ component: 'main', path: 'dists/test/main/Packages', size: 1, sha256: zeros, plain: { size: 1, sha256: zeros } }],
      },
    ],
    packages: files.map((one) => ({
      ...one,
      source: one.name,
      sourceVersion: one.version,
      suite: 'test',
      component: 'main',
      path: `pool/main/${one.name}.deb`,
      why: ['requested'],
    })),
  };
}

type Packages = readonly (DebFacts & { readonly entries: readonly Entry[] })[];

/** Packages of our own making in a directory, and a lock that names them. */
export function makeArchive(packages: Packages, options: { snapshot?: string; architecture?: string } = {}): Archive {
  return writeArchive(temporaryDirectory(), packages, options);
}

export function writeArchive(place: string, packages: Packages, options: { snapshot?: string; architecture?: string } = {}): Archive {
  const files = packages.map(({ entries, ...facts }) => {
    const deb = makeDeb(entries, facts);
    const sha256 = createHash('sha256').update(deb).digest('hex');
    writeFileSync(join(place, sha256), deb);
    const { name = 'sample', version = '1.0-1', architecture = 'amd64' } = facts;
    return { name, version, architecture, size: deb.length, sha256 };
  });
  return { lock: lockOf(files, options), debs: (sha256) => join(place, sha256) };
}
