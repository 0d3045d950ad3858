// DSSE v1.0.2, protocol.md and envelope.md.
import { describe, expect, it } from 'vitest';
import {
  envelopePayload,
  generateKeyPair,
  loadKey,
  loadPublicKey,
  pae,
  parseEnvelope,
  signEnvelope,
  verifyEnvelope,
} from '../../src/index.ts';

const type = 'http://example.com/HelloWorld';

describe('pre-authentication encoding', () => {
  it("is the specification's example", () => {
    expect(pae(type, Buffer.from('hello world')).toString()).toBe('DSSEv1 29 http://example.com/HelloWorld 11 hello world');
  });
  it.each([
    ['', '', 'DSSEv1 0  0 '],
    ['ü', '', 'DSSEv1 2 ü 0 '],
    ['a', 'b c', 'DSSEv1 1 a 3 b c'],
  ])('counts bytes: %j %j', (payloadType, payload, expected) => {
    expect(pae(payloadType, Buffer.from(payload)).toString()).toBe(expected);
  });
  it('keeps bytes that are no text', () => {
    expect(pae('t', Buffer.from([0, 255])).toString('latin1')).toBe('DSSEv1 1 t 2 \0\u00ff');
  });
});

describe("the specification's test vector (P-256)", () => {
  const key = loadPublicKey(
    `-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE${Buffer.concat([
      Buffer.from(
        BigInt('46950820868899156662930047687818585632848591499744589407958293238635476079160').toString(16).padStart(64, '0'),
        'hex',
      ),
      Buffer.from(
        BigInt('5640078356564379163099075877009565129882514886557779369047442380624545832820').toString(16).padStart(64, '0'),
        'hex',
      ),
    ]).toString('base64')}\n-----END PUBLIC KEY-----\n`,
  );
  it('is read as an envelope', () => {
    // Its signature is raw r||s, which DSSE leaves to the key type; ours are DER as Sigstore's. The same (r, s) in DER must verify.
    const raw = Buffer.from('A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==', 'base64');
    const integer = (part: Buffer) =>
      Buffer.concat([Buffer.from([2, part[0]! >= 0x80 ? 33 : 32]), Buffer.from(part[0]! >= 0x80 ? [0] : []), part]);
    const body = Buffer.concat([integer(raw.subarray(0, 32)), integer(raw.subarray(32))]);
    const sig = Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64');
    const envelope = parseEnvelope(JSON.stringify({ payload: 'aGVsbG8gd29ybGQ=', payloadType: type, signatures: [{ sig }] }));
    expect(verifyEnvelope(envelope, [key]).payload.toString()).toBe('hello world');
  });
});

describe('envelopes', () => {
  it('are verified with several keys; each counts once', async () => {
    const [a, b, c] = await Promise.all(
      [1, 2, 3].map(async () => {
        const pair = await generateKeyPair('');
        return loadKey(pair.private, '');
      }),
    );
    const envelope = signEnvelope(type, Buffer.from('x'), [a!, b!, a!]);
    expect(envelope.signatures).toHaveLength(3);
    expect(verifyEnvelope(envelope, [b!.publicKey, a!.publicKey], 2).keys).toEqual([b!.publicKey, a!.publicKey]);
    expect(verifyEnvelope(envelope, [c!.publicKey, a!.publicKey]).keys).toEqual([a!.publicKey]);
    expect(() => verifyEnvelope(envelope, [c!.publicKey])).toThrow(expect.objectContaining({ code: 'SIGN_SIGNATURE_INVALID' }));
    expect(() => verifyEnvelope(envelope, [a!.publicKey, a!.publicKey], 2)).toThrow(/1 of the trusted keys/);
    expect(() => verifyEnvelope(envelope, [], 0)).toThrow(/0 of the trusted keys/);
    for (const changed of [
      { ...envelope, payload: Buffer.from('y').toString('base64') },
      { ...envelope, payloadType: `${type}2` },
    ]) {
      expect(() => verifyEnvelope(changed, [a!.publicKey])).toThrow(/0 of the trusted keys/);
    }
  });

  it('name keys by convention', async () => {
    const key = await loadKey((await generateKeyPair('')).private, '');
    const keyid = (convention: 'none' | 'spki-sha256' | 'openssh') =>
      signEnvelope('t', Buffer.from(''), [key], convention).signatures[0]?.keyid;
    expect(keyid('none')).toBeUndefined();
    expect(keyid('openssh')).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/);
    expect(keyid('spki-sha256')).toMatch(/^[0-9a-f]{64}$/);
  });

  it('are read in both base64 alphabets', () => {
    const payload = Buffer.from([0xfb, 0xff, 0xfe, 1]);
    for (const text of ['+//+AQ==', '-__-AQ==', '-__-AQ', '+//+AQ']) {
      expect(envelopePayload(parseEnvelope(JSON.stringify({ payload: text, payloadType: 't', signatures: [{ sig: text }] })))).toEqual(
        payload,
      );
    }
  });

  const good = { payload: 'eA==', payloadType: 't', signatures: [{ sig: 'eA==' }] };
  it.each<[string, unknown]>([
    ['a mixture of alphabets', { ...good, payload: '+__-AQ==' }],
    ['white space', { ...good, payload: 'eA==\n' }],
    ['stray bits', { ...good, payload: 'eB==' }],
    ['wrong padding', { ...good, payload: 'eA=' }],
    ['no signature', { ...good, signatures: [] }],
    ['an empty signature', { ...good, signatures: [{ sig: '' }] }],
    ['no type', { ...good, payloadType: '' }],
    ['an unknown member', { ...good, extra: 1 }],
    ['a keyid that is no text', { ...good, signatures: [{ sig: 'eA==', keyid: 7 }] }],
    ['a hundred signatures', { ...good, signatures: Array.from({ length: 100 }, () => ({ sig: 'eA==' })) }],
    ['a list', [good]],
    ['nothing', null],
  ])('are refused with %s', (_, value) => {
    expect(() => parseEnvelope(JSON.stringify(value))).toThrow(expect.objectContaining({ code: 'SIGN_ENVELOPE_INVALID' }));
  });
});
