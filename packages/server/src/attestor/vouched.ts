import { parseDigest } from '@colophon/core';
import type { InTotoStatement } from '@colophon/attest';
import { parseReference } from '@colophon/oci';
import type { AttestedImage } from './build-status.ts';

/**
 * Chains takes subjects from what steps say in their results. Our key signs for an image only if this run produced it, seen by the control plane itself, and
 * under that name; a step could else have provenance written for anybody's image. Undefined: nothing is left to vouch for.
 */
export function vouched(
  statement: InTotoStatement,
  produced: readonly AttestedImage[],
): { statement: InTotoStatement; images: readonly AttestedImage[] } | undefined {
  const images = new Set<AttestedImage>();
  const subject = (statement.subject ?? []).filter(({ name, digest }) => {
    const found = produced.filter(
      (image) => parseDigest(image.digest).hex === digest?.['sha256'] && plain(image.repository) === plain(name),
    );
    for (const image of found) images.add(image);
    return found.length > 0;
  });
  return subject.length === 0 ? undefined : { statement: { ...statement, subject }, images: [...images] };
}

/** `HOST/PATH`, as all clients complete it; what is no reference is only itself. */
function plain(name: string | undefined): string {
  const bare = (name ?? '').replace(/^(?:oci|docker):\/\//, '').replace(/@.*$/, '');
  try {
    const { registry, repository } = parseReference(bare);
    return `${registry}/${repository}`;
  } catch {
    return bare;
  }
}
