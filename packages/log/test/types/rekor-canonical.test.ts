import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { encodePem } from '@colophon/core';
import { describe, expect, it } from 'vitest';
import { prepareEntry } from '../../src/types/prepare.ts';

interface Vector {
  name: string;
  proposed: { kind: string; spec: Record<string, any> };
  body?: string;
  keys?: string[];
  error?: string;
}

const { vectors } = JSON.parse(readFileSync(new URL('./rekor-vectors.json', import.meta.url), 'utf8')) as { vectors: Vector[] };
const insert = { purpose: 'insert', maxAttestation: 16 * 1024 * 1024 } as const;
const find = { ...insert, purpose: 'find' } as const;

describe("Rekor's own canonical bodies (rekor v1.5.4, types.CanonicalizeEntry)", () => {
  it.each(vectors.filter(({ body }) => body !== undefined))(
    '$name: the same bytes, found under the same keys',
    ({ proposed, body, keys }) => {
      const prepared = prepareEntry(proposed, insert);
      expect(prepared.body.toString()).toBe(body);
      expect(prepared.keys).toEqual(expect.arrayContaining((keys ?? []).map((key) => key.toLowerCase())));
    },
  );

  it.each(vectors.filter(({ error }) => error !== undefined))('$name: refused, as Rekor does', ({ proposed }) => {
    expect(() => prepareEntry(proposed, insert)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^LOG_ENTRY_(INVALID|KIND)$/) }),
    );
  });

  it.each(vectors.filter(({ body }) => body !== undefined))('$name: the canonical body, looked up, is itself', ({ body }) => {
    expect(prepareEntry(JSON.parse(body as string), find).body.toString()).toBe(body);
  });

  it('SLSA v1 dependencies are found, which Rekor does not index', () => {
    const vector = vectors.find(({ name }) => name === 'dsse v1 dependencies') as Vector;
    expect(prepareEntry(vector.proposed, insert).keys).toContain(`sha256:${'33'.repeat(32)}`);
    expect(vector.keys).not.toContain(`sha256:${'33'.repeat(32)}`);
  });

  it('keeps the attestation of intoto 0.0.2, and of nothing else', () => {
    const kept = vectors
      .filter(({ body }) => body !== undefined)
      .filter(({ proposed }) => prepareEntry(proposed, insert).attestation !== undefined);
    expect(new Set(kept.map(({ proposed }) => proposed.kind))).toEqual(new Set(['intoto']));
  });

  it('refuses an attestation over the limit', () => {
    const vector = vectors.find(({ name }) => name === 'intoto 0.0.2 p256') as Vector;
    expect(() => prepareEntry(vector.proposed, { ...insert, maxAttestation: 10 })).toThrow(
      expect.objectContaining({ code: 'LOG_ENTRY_TOO_LARGE' }),
    );
  });

  it.each(['signature', 'key', 'digest'])('a flipped bit anywhere in the %s is refused', (part) => {
    const { proposed } = vectors.find(({ name }) => name === 'hashedrekord p256 sha256') as Vector;
    const { signature, data } = proposed.spec as { signature: any; data: any };
    const pem = Buffer.from(signature.publicKey.content, 'base64').toString();
    const parts: Record<string, Buffer> = {
      signature: Buffer.from(signature.content, 'base64'),
      key: createPublicKey(pem).export({ type: 'spki', format: 'der' }),
      digest: Buffer.from(data.hash.value, 'hex'),
    };
    const bytes = parts[part] as Buffer;
    for (let bit = 0; bit < bytes.length * 8; bit += 3) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      const changed = structuredClone(proposed) as { spec: any };
      if (part === 'signature') changed.spec.signature.content = flipped.toString('base64');
      if (part === 'key') changed.spec.signature.publicKey.content = Buffer.from(encodePem('PUBLIC KEY', flipped)).toString('base64');
      if (part === 'digest') changed.spec.data.hash.value = flipped.toString('hex');
      expect(() => prepareEntry(changed, insert), `bit ${bit}`).toThrow(expect.objectContaining({ code: 'LOG_ENTRY_INVALID' }));
    }
  });
});
