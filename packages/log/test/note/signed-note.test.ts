import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatCheckpoint, parseCheckpoint, rekorOrigin } from '../../src/note/checkpoint.ts';
import { ed25519NoteId, spkiNoteKey, verifyNote } from '../../src/note/key.ts';
import { formatNote, parseNote } from '../../src/note/note.ts';

// The example of C2SP signed-note (and of golang.org/x/mod/sumdb/note), key PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW
const example = `If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`;
const raw = Buffer.from('ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW', 'base64').subarray(1);
const neumann = createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' });

describe('C2SP signed-note', () => {
  it('the published example verifies, with the published key hint', () => {
    const hint = ed25519NoteId('PeterNeumann', neumann).subarray(0, 4);
    expect(hint.toString('hex')).toBe('c74f20a3');
    const note = parseNote(example);
    verifyNote(note, { name: 'PeterNeumann', hint, key: neumann });
    expect(formatNote(note)).toBe(example);
    expect(() =>
      verifyNote({ ...note, text: note.text.replace('problem', 'Problem') }, { name: 'PeterNeumann', hint, key: neumann }),
    ).toThrow(expect.objectContaining({ code: 'LOG_NOTE_SIGNATURE' }));
  });

  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key = spkiNoteKey('rekor.local', publicKey);
  const text = formatCheckpoint({ origin: rekorOrigin('rekor.local', 7n), size: 3, rootHash: Buffer.alloc(32, 5) });
  const ours = { name: key.name, hint: key.hint, signature: sign('sha256', Buffer.from(text), privateKey) };

  it('lines of unknown keys are ignored, wherever they stand', () => {
    const stranger = { name: 'witness.example', hint: Buffer.alloc(4, 9), signature: Buffer.alloc(72, 1) };
    verifyNote(parseNote(formatNote({ text, signatures: [stranger, ours] })), key);
    expect(() => verifyNote(parseNote(formatNote({ text, signatures: [stranger] })), key)).toThrow(
      expect.objectContaining({ code: 'LOG_NOTE_SIGNATURE' }),
    );
  });

  it('a forged line of a known key refuses the note, though another line is good', () => {
    const forged = { ...ours, signature: Buffer.from(ours.signature).fill(0, 10, 20) };
    expect(() => verifyNote(parseNote(formatNote({ text, signatures: [ours, forged] })), key)).toThrow(
      expect.objectContaining({ code: 'LOG_NOTE_SIGNATURE' }),
    );
  });

  it('reads its own checkpoint; no flipped byte passes', () => {
    const signed = formatNote({ text, signatures: [ours] });
    expect(parseCheckpoint(signed).checkpoint).toMatchObject({ origin: 'rekor.local - 7', size: 3 });
    fc.assert(
      fc.property(fc.nat({ max: Buffer.byteLength(signed) - 1 }), fc.integer({ min: 1, max: 127 }), (at, mask) => {
        const bytes = Buffer.from(signed);
        bytes[at] = (bytes[at] as number) ^ mask;
        expect(() => verifyNote(parseCheckpoint(bytes.toString()).note, key)).toThrow();
      }),
    );
  });

  it.each([
    ['no size', 'o\n\nAAAA\n'],
    ['leading zero', `o\n01\n${Buffer.alloc(32).toString('base64')}\n`],
    ['short root', 'o\n1\nAAAA\n'],
    ['no origin', `\n1\n${Buffer.alloc(32).toString('base64')}\n`],
    ['root line missing', 'o\n1\n'],
  ])('refuses a checkpoint with %s', (_, body) => {
    expect(() => parseCheckpoint(formatNote({ text: body, signatures: [ours] }))).toThrow();
  });
});
