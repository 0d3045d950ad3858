import type { Digest } from '@colophon/core';
import type { Descriptor } from '@colophon/oci';
import type { EntryFacts, PackageFacts } from '../layer/record.ts';

/** One layer of an image that was built, from the bottom. */
export interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** `base`: taken over from the base image. */
  readonly kind: 'base' | 'root' | 'package' | 'certificates' | 'generated' | 'files' | 'permissions' | 'library-cache';
  /** What it was made from: `libc6=2.41-12`, a path, names of generated parts. */
  readonly source: string;
  readonly package?: PackageFacts;
  /** What it holds; absent for layers of the base. */
  readonly entries?: readonly EntryFacts[];
}
