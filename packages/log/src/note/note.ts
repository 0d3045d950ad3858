import { decodeBase64 } from '@colophon/core';
import { logErrors } from '../errors.ts';

/** One signature line: `— NAME base64(keyHint || signature)`. */
export interface NoteSignature {
  readonly name: string;
  /** First four bytes of the key's id. Only a hint: any number of keys may share it. */
  readonly hint: Buffer;
  readonly signature: Buffer;
}

/** A signed note of C2SP signed-note: the text, ending in a newline, is what the signatures are over. */
export interface Note {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

const maxNote = 64 * 1024;
const maxSignatures = 100;

export function formatNote({ text, signatures }: Note): string {
  if (!text.endsWith('\n') || text.length < 2) throw logErrors.error('LOG_NOTE_INVALID', 'the text of a note ends in a newline');
  const lines = signatures.map(({ name, hint, signature }) => `— ${name} ${Buffer.concat([hint, signature]).toString('base64')}\n`);
  return `${text}\n${lines.join('')}`;
}

/**
 * Splits a signed note; verifies nothing. The attacker may have written all of it: text must be valid, without
 * control characters other than newline, and every signature line well formed. Throws LOG_NOTE_INVALID.
 */
export function parseNote(note: string): Note {
  const invalid = (message: string) => logErrors.error('LOG_NOTE_INVALID', message);
  if (note.length > maxNote) throw invalid('the note is longer than 64 KiB');
  // oxlint-disable-next-line no-control-regex -- control characters are exactly what must not be in a note
  if (/[\u0000-\u0009\u000b-\u001f]/.test(note) || !note.isWellFormed()) throw invalid('the note has control characters');
  const split = note.lastIndexOf('\n\n');
  if (split <= 0) throw invalid('the note has no blank line before its signatures');
  const block = note.slice(split + 2);
  if (!block.endsWith('\n')) throw invalid('the note does not end in a newline');
  const lines = block.slice(0, -1).split('\n');
  if (lines.length > maxSignatures) throw invalid(`the note has more than ${maxSignatures} signatures`);
  return { text: note.slice(0, split + 1), signatures: lines.map(parseLine) };
}

function parseLine(line: string): NoteSignature {
  const match = /^— ([^\s+]+) ([A-Za-z0-9+/]+=*)$/.exec(line);
  if (match === null) throw logErrors.error('LOG_NOTE_INVALID', 'a signature line of the note is malformed');
  const bytes = decodeBase64(match[2] as string, 'a note signature');
  if (bytes.length < 5) throw logErrors.error('LOG_NOTE_INVALID', 'a signature of the note is too short');
  return { name: match[1] as string, hint: bytes.subarray(0, 4), signature: bytes.subarray(4) };
}
