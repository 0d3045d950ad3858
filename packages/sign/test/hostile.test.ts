// Readers of strangers' text: whatever comes, they answer or refuse with an error of ours.
import * as fc from 'fast-check';
import { isColophonError } from '@colophon/core';
import { describe, expect, it } from 'vitest';
import {
  bundleJson,
  loadPublicKey,
  parseBundle,
  parseEnvelope,
  parseLegacyManifest,
  parseRekorBundle,
  parseSimpleSigning,
  rekorBundleText,
  simpleSigningPayload,
} from '../src/index.ts';

const sha256 = 'a'.repeat(64);
const envelope = { payloadType: 't', payload: 'eA==', signatures: [{ keyid: 'k', sig: 'eQ==' }] };
const hash = Buffer.alloc(32, 1);
const bundle = bundleJson({
  key: { kind: 'publicKey', hint: 'aA==' },
  content: { kind: 'dsse', envelope },
  tlogEntries: [
    {
      logIndex: 1,
      logId: hash,
      kind: 'a',
      version: '1',
      integratedTime: 1,
      signedEntryTimestamp: hash,
      inclusionProof: { logIndex: 1, treeSize: 2, rootHash: hash, hashes: [hash], checkpoint: 'c' },
      canonicalizedBody: hash,
    },
  ],
});
const readers: Record<string, [(text: string) => unknown, unknown]> = {
  parseEnvelope: [parseEnvelope, envelope],
  parseBundle: [parseBundle, bundle],
  parseLegacyManifest: [
    parseLegacyManifest,
    { layers: [{ mediaType: 'a', digest: `sha256:${sha256}`, size: 1, annotations: { a: 'b' } }] },
  ],
  parseRekorBundle: [
    parseRekorBundle,
    JSON.parse(rekorBundleText({ signedEntryTimestamp: 'eA==', payload: { body: 'e30=', integratedTime: 1, logID: sha256, logIndex: 1 } })),
  ],
  parseSimpleSigning: [
    parseSimpleSigning,
    JSON.parse(simpleSigningPayload({ reference: 'r', digest: `sha256:${sha256}`, optional: null }).toString()),
  ],
};

/** Puts `junk` in the place of the nth value of a document. */
function mutate(value: unknown, at: { left: number }, junk: unknown): unknown {
  if (at.left-- === 0) return junk;
  if (Array.isArray(value)) return value.map((item) => mutate(item, at, junk));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mutate(member, at, junk)]));
}

function answers(read: (text: string) => unknown, text: string): void {
  try {
    read(text);
  } catch (error) {
    expect(isColophonError(error), String(error)).toBe(true);
  }
}

describe.each(Object.entries(readers))('%s', (_, [read, good]) => {
  it('reads a good document', () => {
    expect(() => read(JSON.stringify(good))).not.toThrow();
  });
  it('answers or refuses: one value changed', () => {
    const junk = fc.oneof(fc.jsonValue(), fc.constantFrom('', '-1', '1e3', 'AA=', -1, 1.5, 2 ** 60, null, [], {}));
    fc.assert(
      fc.property(fc.nat({ max: 40 }), junk, (left, value) => answers(read, JSON.stringify(mutate(good, { left }, value)))),
      { numRuns: 500 },
    );
  });
  it('answers or refuses: any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => answers(read, text)),
      { numRuns: 300 },
    );
  });
});

it('loadPublicKey answers or refuses', () => {
  const pem = fc
    .uint8Array({ maxLength: 200 })
    .map((der) => `-----BEGIN PUBLIC KEY-----\n${Buffer.from(der).toString('base64')}\n-----END PUBLIC KEY-----\n`);
  fc.assert(
    fc.property(fc.oneof(fc.string(), pem), (text) => answers(loadPublicKey, text)),
    { numRuns: 300 },
  );
});
