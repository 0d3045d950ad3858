import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '@colophon/core';
import type { LockedFile } from './deb.ts';

export interface RealDeb extends LockedFile {
  readonly path: string;
}

/** The packages that `cc` has, and a few more, by whichever of their names this machine's suite knows. */
export const realPackages = [
  ['base-files'],
  ['netbase'],
  ['tzdata'],
  ['media-types'],
  ['ca-certificates'],
  ['libc6'],
  ['libc-bin'],
  ['libssl3t64', 'libssl3'],
  ['libzstd1'],
  ['zlib1g'],
  ['libgomp1'],
  ['libstdc++6'],
  ['libgcc-s1'],
  ['gcc-14-base', 'gcc-12-base'],
  ['busybox-static'],
];

/** Fetches real packages through the machine's apt. Throws where apt cannot. */
export function downloadPackages(): { debs: RealDeb[]; remove: () => void } {
  const place = mkdtempSync(join(tmpdir(), 'colophon-debs-'));
  for (const names of realPackages) {
    const name = names.find((one) => execFileSync('apt-cache', ['policy', one], { encoding: 'utf8' }).includes('Candidate:'));
    execFileSync('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', name ?? (names[0] as string)], {
      cwd: place,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  }
  const debs = readdirSync(place).map((file) => {
    const path = join(place, file);
    const [name, version, architecture] = ['Package', 'Version', 'Architecture'].map((field) =>
      execFileSync('dpkg-deb', ['-f', path, field], { encoding: 'utf8' }).trim(),
    );
    const bytes = readFileSync(path);
    return {
      path,
      name: name as string,
      version: version as string,
      architecture: architecture as string,
      size: bytes.length,
      sha256: sha256Hex(bytes),
    };
  });
  return { debs, remove: () => rmSync(place, { recursive: true, force: true }) };
}

export function has(command: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
