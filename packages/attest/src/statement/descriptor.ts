import { isRecord } from '../record.ts';
import type { ResourceDescriptor } from './types.ts';

/** Where in a document we are, and how a mistake there is reported. */
export interface Where {
  readonly path: string;
  readonly fail: (what: string) => Error;
}

const hexLengths: Readonly<Record<string, readonly number[]>> = {
  sha1: [40],
  sha224: [56],
  sha256: [64],
  sha384: [96],
  sha512: [128],
  gitCommit: [40, 64],
  gitTree: [40, 64],
  gitBlob: [40, 64],
  gitTag: [40, 64],
};

const texts = ['name', 'uri', 'content', 'downloadLocation', 'mediaType'] as const;

/** Checks a resource descriptor: types of its members, at least one digest in a digest set, hex of the right length. */
export function checkDescriptor(value: unknown, where: Where): ResourceDescriptor {
  if (!isRecord(value)) throw where.fail(`has ${where.path}, which is not an object`);
  for (const member of texts) {
    if (value[member] !== undefined && typeof value[member] !== 'string')
      throw where.fail(`has ${where.path}.${member}, which is not text`);
  }
  if (value['digest'] !== undefined) checkDigestSet(value['digest'], where);
  if (value['annotations'] !== undefined && !isRecord(value['annotations'])) {
    throw where.fail(`has ${where.path}.annotations, which is not an object`);
  }
  return value;
}

function checkDigestSet(value: unknown, where: Where): void {
  if (!isRecord(value) || Object.keys(value).length === 0) throw where.fail(`has ${where.path}.digest, which is not a set of digests`);
  for (const [algorithm, digest] of Object.entries(value)) {
    if (typeof digest !== 'string' || digest === '') throw where.fail(`has ${where.path}.digest.${algorithm}, which is not text`);
    const lengths = Object.hasOwn(hexLengths, algorithm) ? hexLengths[algorithm] : undefined;
    if (lengths !== undefined && !(lengths.includes(digest.length) && /^[0-9a-f]+$/.test(digest))) {
      throw where.fail(`has ${where.path}.digest.${algorithm}, which is not lower-case hex of its length`);
    }
  }
}
