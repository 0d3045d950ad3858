import type { DigestSet } from '../statement/types.ts';

/** A subject or material before it gets its field's name. */
export interface Named {
  readonly name: string;
  readonly digest: DigestSet;
}

/** Adds items; one with the same name and a digest in common is the same thing, and their digests are joined. */
export function merge(original: readonly Named[], items: readonly Named[]): Named[] {
  const result = [...original];
  for (const item of items) {
    const at = result.findIndex((known) => isSame(known, item));
    const known = result[at];
    if (known === undefined) result.push(item);
    else result[at] = { name: known.name, digest: { ...known.digest, ...item.digest } };
  }
  return result;
}

function isSame(left: Named, right: Named): boolean {
  return left.name === right.name && Object.entries(left.digest).some(([algorithm, hex]) => right.digest[algorithm] === hex);
}
