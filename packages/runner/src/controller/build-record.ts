import type { Digest } from '@colophon/core';

/**
 * What the control plane knows of a finished run, from its own hands: what it fetched, resolved, mounted and pushed.
 * Nothing in `inputs`, `stepImages` and `produced` comes from a step; what a step said of itself is in `results` and
 * `claims`. The record is the spec of a `colophon.dev/v1` Build named after the run's UID, in the run's namespace.
 *
 * Durability: the Build is created (fsynced) before the run's completion becomes visible, so a finished run always has
 * one. It is created once and never changed; who works through it (the attestor) writes `status` only.
 */
export interface BuildRecord {
  readonly version: 1;
  readonly run: RunReference;
  readonly kind: RunKind;
  readonly uid: string;
  /** The PipelineRun that owns this TaskRun. Absent: a top-level run, the one that provenance is written for. */
  readonly parent?: RunReference;
  /** In a PipelineRun's record: its TaskRuns, in the order of `status.childReferences`. Each has a record of its own. */
  readonly children: readonly (RunReference & { readonly pipelineTask: string })[];
  /** The run's `spec` as it was admitted, before any substitution. */
  readonly spec: Readonly<Record<string, unknown>>;
  readonly definitions: readonly DefinitionRecord[];
  readonly inputs: readonly InputRecord[];
  readonly stepImages: readonly StepImageRecord[];
  readonly produced: readonly ProducedImage[];
  readonly results: readonly ResultRecord[];
  readonly claims: readonly ClaimRecord[];
  /** True: a step of this run could reach the network (through the recording proxy). */
  readonly network: boolean;
  /** False as soon as a step saw something that the record does not fix: `notReplayable` says what. */
  readonly replayable: boolean;
  /** The network, Secrets, ConfigMaps, or a claim that outlives the run; each once, sorted. Empty: replayable. */
  readonly notReplayable: readonly ('claim' | 'configMap' | 'network' | 'secret')[];
  /** The isolation that the host reported when it ran the steps; names builder.id. `none`: no step ever ran. */
  readonly mode: 'sandbox' | 'sandbox-rootless' | 'none';
  /** RFC 3339, UTC, seconds, as in the run's status. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly outcome: { readonly succeeded: boolean; readonly reason: string; readonly message: string };
  /** The run's final status, as it is written right after this record: a crash in between is made good from here. */
  readonly status: Readonly<Record<string, unknown>>;
}

export type RunKind = 'PipelineRun' | 'TaskRun';

export interface RunReference {
  readonly apiVersion: 'tekton.dev/v1';
  readonly kind: RunKind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** A Task or Pipeline that the run executed, as it was resolved, before any substitution. */
export interface DefinitionRecord {
  readonly kind: 'Pipeline' | 'Task';
  readonly name: string;
  /** The pipeline task that uses it; absent for the Pipeline and for a TaskRun of its own. */
  readonly pipelineTask?: string;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly source: {
    /** `inline`: written in the run. `store`: an object of the store (uri `NAMESPACE/tasks/NAME`). `remote`: fetched, see uri. */
    readonly kind: 'inline' | 'store' | 'remote';
    readonly uri?: string;
    readonly revision?: string;
    readonly path?: string;
  };
  /** sha256 of the canonical JSON (RFC 8785) of `spec`. */
  readonly digest: Digest;
}

/** What the control plane fetched, verified and mounted read-only for a workspace. */
export interface InputRecord {
  readonly workspace: string;
  readonly kind: 'source' | 'packages';
  /** source: `git+https://…`. packages: where the lock came from, the same form. */
  readonly uri: string;
  /** source: the full commit id. packages: the commit of the lock's tree, or absent when the lock came from no tree. */
  readonly revision?: string;
  /** SPDX/SLSA digest set: source `gitCommit` (and `gitTree`), packages `sha256` of the canonical lock. */
  readonly digest: Readonly<Record<string, string>>;
  /** packages: the path of the lock in its tree. */
  readonly path?: string;
  /** packages: RFC 3339 time of the archive snapshot that the lock binds. */
  readonly snapshot?: string;
  readonly packages?: readonly PackageRecord[];
}

export interface PackageRecord {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly suite: string;
  /** `pool/…`, relative to the archive's root. */
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly source?: string;
  readonly sourceVersion?: string;
  /** Fingerprints of the archive keys whose signature on the InRelease vouches for this package. */
  readonly signedBy: readonly string[];
  /** sha256 of the InRelease that was verified. */
  readonly inRelease: string;
}

export interface StepImageRecord {
  /** The pipeline task, or the TaskRun's name for a run of its own. */
  readonly task: string;
  readonly step: string;
  /** As the step wrote it, after substitution. */
  readonly reference: string;
  /** The repository that it was resolved in, `HOST/PATH` without tag and digest. */
  readonly repository: string;
  readonly digest: Digest;
}

/**
 * An image that left the run through an `images.colophon.dev` workspace, its digest computed by the control plane; or one
 * that a step pushed with the run's own token, seen by the registry as it arrived (`workspace` is empty then).
 */
export interface ProducedImage {
  readonly task: string;
  readonly workspace: string;
  /** `HOST/PREFIX/NAME`. */
  readonly repository: string;
  /** `HOST/PREFIX/NAME:TAG`, or `HOST/PREFIX/NAME@sha256:…` if the layout's entry has no ref name. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
}

export interface ResultRecord {
  readonly name: string;
  readonly type: 'string' | 'array' | 'object';
  readonly value: string | readonly string[] | Readonly<Record<string, string>>;
  /** The pipeline task whose TaskRun wrote it; absent: a result of the run itself. */
  readonly task?: string;
}

/**
 * A type hint (Chains: `IMAGES`, `*IMAGE_URL` with `*IMAGE_DIGEST`, `*ARTIFACT_OUTPUTS`, `CHAINS-GIT_*`, `*ARTIFACT_INPUTS`).
 * `accepted`: the run produced just this digest. `refused`: it names a digest that the run did not produce; never a
 * subject. `noted`: says something of inputs, which we do not vouch for; never a dependency.
 */
export interface ClaimRecord {
  readonly task?: string;
  readonly result: string;
  readonly uri: string;
  readonly digest: string;
  readonly verdict: 'accepted' | 'refused' | 'noted';
  readonly reason?: string;
}
