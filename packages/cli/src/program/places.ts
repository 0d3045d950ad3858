import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** This package's folder: `packages/cli` of a clone, `node_modules/@colophon/cli` of an installation. */
export const programDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** The examples that came with the program: beside the packages of a clone, or in the installed package. */
export function examplesDirectory(): string {
  for (let directory = programDirectory; directory !== dirname(directory); directory = dirname(directory)) {
    const candidate = join(directory, 'examples');
    if (existsSync(join(candidate, 'images', 'cc.yaml'))) return candidate;
  }
  throw new Error('the examples are missing from this installation');
}

/** The module that runs as a process of its own when the server is started in the background. */
export const mainModule = join(programDirectory, import.meta.url.endsWith('.ts') ? 'src/main.ts' : 'dist/main.js');
