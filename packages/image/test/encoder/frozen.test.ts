import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { gzipMember } from '../../src/encoder/encoder.ts';
import { temporaryDirectory } from '../support/deb.ts';
import { goldenInputs } from './golden-inputs.ts';

// The control of the golden vectors: with one byte of the encoder's source changed, the digest of what it writes changes too.
const changes: readonly [file: string, from: string, to: string][] = [
  ['tokenizer.ts', 'searchDepth = 14', 'searchDepth = 13'],
  ['tokenizer.ts', 'lazyDepth = 6', 'lazyDepth = 7'],
  ['tokenizer.ts', 'niceLength = 96', 'niceLength = 95'],
  ['block-split.ts', 'shortest = 10_000', 'shortest = 20_000'],
  ['block-split.ts', '* 200', '* 190'],
  ['tokenizer.ts', 'goodLength = 16', 'goodLength = 17'],
  ['tokenizer.ts', 'hashBits = 16', 'hashBits = 15'],
  ['tokenizer.ts', '300_000', '200_000'],
  ['deflate.ts', '1 << 20', '1 << 19'],
  ['encoder.ts', '0, 255)', '0, 254)'],
];

describe('one changed byte in the encoder', () => {
  test.each(changes)('%s: %s → %s flips the digest, and still decodes', async (file, from, to) => {
    const place = temporaryDirectory();
    cpSync(join(import.meta.dirname, '../../src/encoder'), place, { recursive: true });
    const source = readFileSync(join(place, file), 'utf8');
    expect(source.split(from)).toHaveLength(2);
    writeFileSync(join(place, file), source.replace(from, to));
    const changed = (await import(/* @vite-ignore */ join(place, 'encoder.ts'))) as { gzipMember: typeof gzipMember };
    const input = Buffer.concat(
      ['patchwork, 600000', 'zeros, 3 MiB and 7', 'prose, two segments and 12345', 'echoes, 1200000'].map((name) =>
        (goldenInputs[name] as () => Uint8Array)(),
      ),
    );
    const bytes = changed.gzipMember(input);
    expect(bytes.equals(gzipMember(input))).toBe(false);
    expect(gunzipSync(bytes).equals(input)).toBe(true);
  });
});
