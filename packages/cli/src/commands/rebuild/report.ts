import type { Difference } from '@colophon/image';
import type { InputDifference, Rebuilt, RebuildVerdict, StagedFiles } from '@colophon/rebuild';
import type { Verification } from '../verify/verify.ts';

/** What became of a step image with `--deep`. */
export interface StepImageReport {
  readonly image: string;
  /** `no-recipe`: its provenance is of a type that holds none; `not-verified`: none passed; `failed`: it could not be made. */
  readonly verdict: 'digest-identical' | 'diffid-identical' | 'content-identical' | 'different' | 'no-recipe' | 'not-verified' | 'failed';
  readonly reason?: string;
  readonly first?: Difference;
  readonly files?: StagedFiles;
}

export interface RebuildReport {
  /** `HOST/PATH@DIGEST`. */
  readonly image: string;
  readonly verdict: RebuildVerdict | 'not-verified';
  /** The verdict is as good as the caller accepts. */
  readonly accepted: boolean;
  readonly reason: string;
  readonly exit: number;
  readonly verification: Verification;
  /** What the provenance names. */
  readonly recorded?: {
    readonly run: string;
    readonly sources: readonly { readonly uri: string; readonly commit: string }[];
    readonly packages: number;
    readonly stepImages: readonly string[];
  };
  readonly replay?: { readonly run: string; readonly reason: string; readonly message: string; readonly seconds: number };
  readonly inputs?: {
    readonly differences: readonly InputDifference[];
    readonly packages: { readonly count: number; readonly signedAgain: number };
  };
  readonly rebuilt?: Rebuilt;
  /** The first differing layer, path and field. */
  readonly first?: Difference;
  /** Other images of the same build. */
  readonly others?: readonly { readonly repository: string; readonly digest: string; readonly identical: boolean }[];
  readonly stepImages?: readonly StepImageReport[];
  /** Of what it was made this time. */
  readonly environment: { readonly colophon: string; readonly node: string; readonly data: string; readonly kept: boolean };
}
