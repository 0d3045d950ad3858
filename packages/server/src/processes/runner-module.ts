import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const fromSource = import.meta.url.endsWith('.ts');
const manifest = createRequire(import.meta.url).resolve('@colophon/runner/package.json');

/** The file that runs as the runner process, as source or built, whichever this is. */
export const runnerModule = join(dirname(manifest), fromSource ? 'src/host/main.ts' : 'dist/host/main.js');
