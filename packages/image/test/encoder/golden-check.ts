// Runs on a bare Node of any supported version: `node [--experimental-strip-types] golden-check.ts`. Prints each vector and
// compares it with golden.json; `--write` makes new ones, which is right only for a new encoder id.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encoderId, gzipMember } from '../../src/encoder/encoder.ts';
import { goldenInputs } from './golden-inputs.ts';

const file = join(import.meta.dirname, 'golden.json');

export function currentVectors(): Record<string, { size: number; sha256: string }> {
  return Object.fromEntries(
    Object.entries(goldenInputs).map(([name, make]) => {
      const bytes = gzipMember(make());
      return [name, { size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
    }),
  );
}

export function goldenVectors(): { encoder: string; vectors: Record<string, { size: number; sha256: string }> } {
  return JSON.parse(readFileSync(file, 'utf8'));
}

if (process.argv[1] === import.meta.filename) {
  const vectors = currentVectors();
  if (process.argv.includes('--write')) writeFileSync(file, `${JSON.stringify({ encoder: encoderId, vectors }, null, 2)}\n`);
  const golden = goldenVectors();
  const wrong = Object.keys(goldenInputs).filter((name) => vectors[name]?.sha256 !== golden.vectors[name]?.sha256);
  for (const name of wrong) console.error(`${name}: ${vectors[name]?.sha256}, not ${golden.vectors[name]?.sha256}`);
  console.log(
    `Node ${process.versions.node} (zlib ${process.versions.zlib}): ${encoderId}, ${Object.keys(vectors).length - wrong.length} vectors right, ${wrong.length} wrong`,
  );
  if (wrong.length > 0 || golden.encoder !== encoderId) process.exit(1);
}
