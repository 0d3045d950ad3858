import { existsSync, readFileSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compareBytewise } from '@colophon/core';

/** One file of the running program, and where it goes in a step image. */
export interface ProgramFile {
  readonly source: string;
  /** Relative to the image's root, without a leading slash. */
  readonly target: string;
  readonly mode: number;
}

const home = 'opt/colophon';
/** Not needed to run, and much of it: declarations, source maps, sources, tests, prose. */
const leftOut = /(?:\.d\.[cm]?ts|\.map|\.tsbuildinfo|\.[cm]?tsx?|\.flow|\.md|\.markdown)$/i;
const foldersLeftOut = new Set([
  'node_modules',
  'test',
  'tests',
  '__tests__',
  'src',
  'docs',
  'example',
  'examples',
  '.github',
  'include',
  'share',
]);

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/**
 * Colophon itself with everything that it imports, and the Node that runs it, as files for the builder's image. Found by following the
 * manifests from the command's own package, so that a clone and an installed package give the same list. The
 * files are those that npm verified against the lock when they were installed.
 */
export function programFiles(cliDirectory: string): readonly ProgramFile[] {
  const files: ProgramFile[] = [];
  const seen = new Map<string, string>();
  const visit = (directory: string): void => {
    const manifest = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as Manifest;
    const known = seen.get(manifest.name);
    if (known !== undefined) {
      if (known !== directory) throw new Error(`two versions of ${manifest.name} are installed: ${known} and ${directory}`);
      return;
    }
    seen.set(manifest.name, directory);
    collect(directory, `${home}/node_modules/${manifest.name}`, files);
    for (const name of Object.keys(manifest.dependencies ?? {})) visit(resolvePackage(name, directory, true) as string);
    for (const name of Object.keys(manifest.optionalDependencies ?? {})) {
      const found = name.startsWith('node-linux-') ? undefined : resolvePackage(name, directory, false);
      if (found !== undefined) visit(found);
    }
  };
  visit(realpathSync(cliDirectory));
  files.push({ source: realpathSync(process.execPath), target: `${home}/bin/node`, mode: 0o755 });
  return files.toSorted((left, right) => compareBytewise(left.target, right.target));
}

/** Node's own way of looking: `node_modules` of each folder upwards. */
function resolvePackage(name: string, from: string, required: boolean): string | undefined {
  for (let directory = from; ; directory = dirname(directory)) {
    const candidate = join(directory, 'node_modules', name);
    if (existsSync(join(candidate, 'package.json'))) return realpathSync(candidate);
    if (directory === dirname(directory)) break;
  }
  if (required) throw new Error(`${name}, which ${from} needs, is not installed`);
  return undefined;
}

function collect(directory: string, target: string, files: ProgramFile[]): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const source = join(directory, entry.name);
    if (entry.isDirectory()) {
      if (!foldersLeftOut.has(entry.name)) collect(source, `${target}/${entry.name}`, files);
    } else if (entry.isFile() && !leftOut.test(entry.name)) {
      files.push({ source, target: `${target}/${entry.name}`, mode: 0o644 });
    }
  }
}

/** The command inside the image. */
export const launcher = `#!/bin/sh
exec /opt/colophon/bin/node --disable-warning=ExperimentalWarning /opt/colophon/node_modules/@colophon/cli/dist/main.js "$@"
`;
