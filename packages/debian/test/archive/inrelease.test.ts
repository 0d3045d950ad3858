// RFC 9580 section 7 (cleartext signature framework), against keys of our own.
import { beforeAll, describe, expect, it } from 'vitest';
import { revokeKey, sign, createMessage, enums } from 'openpgp';
import { verifyInRelease } from '../../src/archive/inrelease.ts';
import { keyringOf, type Keyring } from '../../src/archive/keyring.ts';
import { clearsign, testKey, type TestKey } from '../support/mini-archive.ts';

const text = 'Origin: Test\n- dashed\nDate: x  \n';
const made = new Date('2026-11-20T12:00:00Z');
const at = new Date('2026-11-24T00:00:00Z');
const code = (name: string) => expect.objectContaining({ code: name });
let first: TestKey;
let second: TestKey;
let stranger: TestKey;
let expiring: TestKey;
let ring: Keyring;

beforeAll(async () => {
  [first, second, stranger, expiring] = await Promise.all([
    testKey('first'),
    testKey('second'),
    testKey('stranger'),
    testKey('expiring', new Date('2026-11-01T00:00:00Z'), 22 * 86_400),
  ]);
  ring = await keyringOf([first.public, second.public, expiring.public]);
});

const verify = (file: string | Uint8Array, options: { at?: Date; pinned?: boolean } = {}, keyring = ring) =>
  verifyInRelease(Buffer.from(file as string), keyring, { at, ...options });
const outcomes = async (file: string, options: { at?: Date; pinned?: boolean } = {}, keyring = ring) => {
  try {
    return (await verify(file, options, keyring)).signatures.map(({ outcome }) => outcome);
  } catch (error) {
    return (error as { details: { signatures: { outcome: string }[] } }).details.signatures.map(({ outcome }) => outcome);
  }
};

describe('InRelease', () => {
  it('one good signature is enough; the others are told', async () => {
    const verified = await verify(await clearsign(text, [stranger, first, expiring], made));
    expect(verified.signatures.map(({ outcome }) => outcome).sort()).toEqual(['expired-key', 'good', 'unknown-key']);
    expect(verified.signedBy).toEqual([first.fingerprint]);
    expect(verified.text).toBe('Origin: Test\n- dashed\nDate: x\n');
  });

  it('names every key whose signature is good', async () => {
    expect((await verify(await clearsign(text, [first, second], made))).signedBy.toSorted()).toEqual(
      [first.fingerprint, second.fingerprint].sort(),
    );
  });

  it('an unknown key, an expired key, a signature of the future are not enough', async () => {
    expect(await outcomes(await clearsign(text, [stranger], made))).toEqual(['unknown-key']);
    expect(await outcomes(await clearsign(text, [expiring], made))).toEqual(['expired-key']);
    expect(await outcomes(await clearsign(text, [first], new Date('2026-11-25T00:00:00Z')))).toEqual(['from-the-future']);
    await expect(verify(await clearsign(text, [stranger], made))).rejects.toThrow(code('DEBIAN_SIGNATURE_UNTRUSTED'));
  });

  it('judges at the time it is given', async () => {
    const file = await clearsign(text, [expiring], made);
    expect(await outcomes(file, { at: new Date('2026-11-21T00:00:00Z') })).toEqual(['good']);
    expect(await outcomes(file, { at: new Date('2026-11-19T00:00:00Z') })).toEqual(['from-the-future']);
    expect(await outcomes(file, { at: new Date('2026-11-19T00:00:00Z'), pinned: true })).toEqual(['good']);
  });

  it('a revoked key is not enough', async () => {
    const revoked = await revokeKey({
      key: first.private,
      reasonForRevocation: { flag: enums.reasonForRevocation.keyCompromised },
      date: new Date('2026-11-01T00:00:00Z'),
      format: 'armored',
    });
    const file = await clearsign(text, [first], made);
    expect(await outcomes(file)).toEqual(['good']);
    expect(await outcomes(file, {}, await keyringOf([revoked.publicKey]))).not.toContain('good');
  });

  it('any change of the text is found', async () => {
    const file = await clearsign(text, [first], made);
    expect(await outcomes(file.replace('Test', 'Tess'))).toEqual(['bad']);
    expect(await outcomes(file.replace('Origin', '\nOrigin'))).toEqual(['bad']);
    const [, other] = (await clearsign('other', [first], made)).split('-----BEGIN PGP SIGNATURE-----');
    expect(await outcomes(file.replace(/-----BEGIN PGP SIGNATURE-----[^]*$/, () => `-----BEGIN PGP SIGNATURE-----${other}`))).toEqual([
      'bad',
    ]);
  });

  it.each<[string, (file: string) => string]>([
    ['text before it', (file) => `Suite: evil\n\n${file}`],
    ['text after it', (file) => `${file}\nSuite: evil\n`],
    ['two of them', (file) => `${file}\n${file}`],
    ['a second signature block', (file) => `${file}${file.slice(file.indexOf('-----BEGIN PGP SIGNATURE'))}`],
    ['no signature block', (file) => file.slice(0, file.indexOf('-----BEGIN PGP SIGNATURE'))],
    ['a broken armour', (file) => file.replace(/\n[A-Za-z0-9+/=]{20}/, '\n!!!!')],
    ['nothing', () => ''],
    ['plain text', () => text],
  ])('refuses a file with %s', async (_title, edit) => {
    const file = await clearsign(text, [first], made);
    await expect(verify(edit(file))).rejects.toThrow(code('DEBIAN_INRELEASE_INVALID'));
  });

  it('refuses bytes that are not UTF-8', async () => {
    await expect(verify(Buffer.concat([Buffer.from(await clearsign(text, [first], made)), Buffer.of(0xff)]))).rejects.toThrow(
      code('DEBIAN_INRELEASE_INVALID'),
    );
  });

  it('a detached signature over the same text in binary form does not pass for other text', async () => {
    const detached = (await sign({
      message: await createMessage({ binary: Buffer.from('evil') }),
      signingKeys: first.private,
      detached: true,
      date: made,
    })) as string;
    const file = `-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n${text}\n${detached}`;
    expect(await outcomes(file)).toEqual(['bad']);
  });
});
