// Builds what a file describes, in a process of its own, with the clock set ahead; prints the digest.
import { readFileSync } from 'node:fs';
import { buildImage } from '../../src/build/build.ts';
import { parseImageSpec } from '../../src/spec/parse.ts';

const [file, output] = process.argv.slice(2) as [string, string];
const { text, debs, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
Date.now = () => 4_000_000_000_000;
const { descriptor } = await buildImage({ spec: parseImageSpec(text), debs: (sha256) => debs[sha256], ...rest, output });
console.log(descriptor.digest);
