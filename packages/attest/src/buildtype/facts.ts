import type { DigestSet } from '../statement/types.ts';

/** The one build type of our own; its page is docs/formats/buildtype-pipelinerun-v1.md. */
export const buildType = 'https://colophon.dev/buildtypes/pipelinerun/v1';

/*
 * What the writer of provenance needs of a finished run's record. The runner's BuildRecord satisfies it. All but `results` and `claims` is the control
 * plane's own knowledge; those two are what steps said.
 */

export interface BuildFacts {
  readonly run: RunFacts;
  readonly uid: string;
  /** The run's spec as it was admitted. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly definitions: readonly DefinitionFacts[];
  readonly inputs: readonly InputFacts[];
  readonly stepImages: readonly StepImageFacts[];
  readonly produced: readonly ProducedFacts[];
  readonly results: readonly ResultFacts[];
  readonly claims: readonly ClaimFacts[];
  readonly network: boolean;
  readonly replayable: boolean;
  readonly mode: 'sandbox' | 'sandbox-rootless' | 'none';
  /** RFC 3339, UTC, seconds. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly outcome: { readonly succeeded: boolean; readonly reason: string };
}

export interface RunFacts {
  readonly apiVersion: string;
  readonly kind: 'PipelineRun' | 'TaskRun';
  readonly namespace: string;
  readonly name: string;
}

export interface DefinitionFacts {
  readonly kind: 'Pipeline' | 'Task';
  readonly name: string;
  readonly pipelineTask?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly source: {
    readonly kind: 'inline' | 'store' | 'remote';
    readonly uri?: string;
    readonly revision?: string;
    readonly path?: string;
  };
  /** `sha256:…` of the canonical JSON of `spec`. */
  readonly digest: string;
}

export interface InputFacts {
  readonly workspace: string;
  readonly kind: 'source' | 'packages';
  readonly uri: string;
  readonly revision?: string;
  readonly digest: DigestSet;
  readonly path?: string;
  readonly snapshot?: string;
  readonly packages?: readonly PackageFacts[];
}

export interface PackageFacts {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly suite: string;
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly source?: string;
  readonly sourceVersion?: string;
  readonly signedBy: readonly string[];
  readonly inRelease: string;
}

export interface StepImageFacts {
  readonly task: string;
  readonly step: string;
  readonly reference: string;
  readonly repository: string;
  readonly digest: string;
}

export interface ProducedFacts {
  readonly repository: string;
  readonly reference: string;
  readonly digest: string;
}

export interface ResultFacts {
  readonly name: string;
  readonly value: string | readonly string[] | Readonly<Record<string, string>>;
  readonly task?: string;
}

export interface ClaimFacts {
  readonly task?: string;
  readonly result: string;
  readonly uri: string;
  readonly digest: string;
  readonly verdict: 'accepted' | 'refused' | 'noted';
  readonly reason?: string;
}

export interface LogFacts {
  readonly task: string;
  readonly step: string;
  readonly sha256: string;
  readonly size: number;
}

export interface BuilderFacts {
  /** `PUBLIC_URL/builders/MODE`; see `builderId`. */
  readonly id: string;
  /** Component to version: colophon, node, encoder … */
  readonly version: Readonly<Record<string, string>>;
}

/** The builder's URL under the server's public URL: one for each isolation mode, because what it protects against differs. */
export function builderId(publicUrl: string, mode: 'sandbox' | 'sandbox-rootless'): string {
  return `${publicUrl.replace(/\/+$/, '')}/builders/${mode}`;
}
