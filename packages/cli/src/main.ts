#!/usr/bin/env node
import { version } from './version.ts';

const inputs = process.argv.slice(2);
if (inputs.length === 1 && (inputs[0] === '--version' || inputs[0] === '-v')) {
  // The most common question is answered without loading anything.
  process.stdout.write(`${version()}\n`);
} else {
  const { main } = await import('./run.ts');
  await main(inputs);
}
