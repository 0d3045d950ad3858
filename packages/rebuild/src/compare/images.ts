import type { Digest } from '@colophon/core';
import { diffImages, type Difference, type DiffVerdict, type ImageDiff } from '@colophon/image';
import { parseReference } from '@colophon/oci';
import type { ReplayPlan } from '../plan/replay.ts';
import { isBetter } from '../verdict/verdict.ts';

/** An image that the replay made, its digest computed by the control plane that ran it. */
export interface Rebuilt {
  /** `HOST/PATH`. */
  readonly repository: string;
  readonly reference: string;
  readonly digest: Digest;
}

export interface ImageComparison {
  readonly verdict: DiffVerdict;
  /** The image that was compared; absent where the replay made none that could be meant. */
  readonly rebuilt?: Rebuilt;
  /** First differing layer → path → field. */
  readonly first?: Difference;
}

/** Puts an image where it can be compared; gives the directory of an OCI layout. */
export type FetchImage = (repository: string, digest: Digest) => Promise<string>;

/**
 * Compares the image of the plan with what its replay made in the same place. Tags are not recorded, so an image that the first
 * build did not make is any of the missing ones' counterpart: the one that is most alike is compared. Images are only fetched where digests differ.
 */
export async function compareImages(plan: ReplayPlan, rebuilt: readonly Rebuilt[], fetch: FetchImage): Promise<ImageComparison> {
  const { repository, digest } = plan.subject;
  const here = rebuilt.filter((one) => pathOf(one.repository) === pathOf(repository));
  const same = here.find((one) => one.digest === digest);
  if (same !== undefined) return { verdict: 'digest-identical', rebuilt: same };
  const known = new Set(plan.subjects.filter((one) => pathOf(one.repository) === pathOf(repository)).map((one) => one.digest));
  const candidates = distinct(here.filter((one) => !known.has(one.digest)));
  if (candidates.length === 0) return { verdict: 'different', first: { field: 'image', expected: digest, found: null } };
  const original = await fetch(repository, digest);
  let best: { diff: ImageDiff; rebuilt: Rebuilt } | undefined;
  for (const candidate of candidates) {
    const diff = await diffImages(original, digest, await fetch(candidate.repository, candidate.digest), candidate.digest);
    if (best === undefined || isBetter(diff.verdict, best.diff.verdict)) best = { diff, rebuilt: candidate };
  }
  const { diff, rebuilt: closest } = best as NonNullable<typeof best>;
  return { verdict: diff.verdict, rebuilt: closest, ...(diff.first === undefined ? {} : { first: diff.first }) };
}

/** The other images of the build: which came out with the same digest. */
export function compareOthers(
  plan: ReplayPlan,
  rebuilt: readonly Rebuilt[],
): readonly { readonly repository: string; readonly digest: Digest; readonly identical: boolean }[] {
  return plan.subjects
    .filter(({ digest }) => digest !== plan.subject.digest)
    .map(({ repository, digest }) => ({
      repository,
      digest,
      identical: rebuilt.some((one) => one.digest === digest && pathOf(one.repository) === pathOf(repository)),
    }));
}

function pathOf(repository: string): string {
  return parseReference(repository).repository;
}

function distinct(images: readonly Rebuilt[]): Rebuilt[] {
  return [...new Map(images.map((image) => [image.digest, image])).values()];
}
