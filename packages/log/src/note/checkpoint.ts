import { decodeBase64 } from '@colophon/core';
import { logErrors } from '../errors.ts';
import { parseNote, type Note } from './note.ts';

/** The text of a checkpoint, C2SP tlog-checkpoint. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly rootHash: Buffer;
  readonly extensions: readonly string[];
}

/** The text over which a log signs. */
export function formatCheckpoint({
  origin,
  size,
  rootHash,
  extensions = [],
}: Omit<Checkpoint, 'extensions'> & { extensions?: readonly string[] }): string {
  return [origin, String(size), rootHash.toString('base64'), ...extensions].map((line) => `${line}\n`).join('');
}

/** Rekor v1's origin: the host name, and the tree id in decimal (sigstore-go takes any other shape for Rekor v2). */
export function rekorOrigin(hostname: string, treeId: bigint): string {
  return `${hostname} - ${treeId}`;
}

/** Throws LOG_NOTE_INVALID. */
export function parseCheckpointText(text: string): Checkpoint {
  const invalid = (message: string) => logErrors.error('LOG_NOTE_INVALID', message);
  if (!text.endsWith('\n')) throw invalid('the checkpoint does not end in a newline');
  const [origin, size, root, ...extensions] = text.slice(0, -1).split('\n');
  if (origin === undefined || origin === '' || size === undefined || root === undefined)
    throw invalid('the checkpoint has fewer than three lines');
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) throw invalid('the checkpoint has no valid size');
  const rootHash = decodeBase64(root, 'the root hash of the checkpoint');
  if (rootHash.length !== 32) throw invalid('the root hash of the checkpoint is not 32 bytes long');
  if (extensions.includes('')) throw invalid('the checkpoint has an empty extension line');
  return { origin, size: Number(size), rootHash, extensions };
}

/** Parses a signed checkpoint without verifying it; see `verifyNote`. */
export function parseCheckpoint(signed: string): { checkpoint: Checkpoint; note: Note } {
  const note = parseNote(signed);
  return { checkpoint: parseCheckpointText(note.text), note };
}
