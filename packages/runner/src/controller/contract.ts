import type { Digest } from '@colophon/core';
import type { InputRecord, ProducedImage, RunReference } from './build-record.ts';

/*
 * What the controller needs from the rest of the house. The server wires the real ones; tests give their own. Every
 * method may be called again after a crash with the same arguments and must then come to the same end.
 */

/** Fetches what a run binds as an input. The attacker controls the attributes, the tree and the lock; not the archive keys. */
export interface Inputs {
  /**
   * Fetches, verifies and lays out an input, read-only and complete when this resolves. Idempotent by content: the
   * same commit or lock gives the same directory. Rejects with a ColophonError whose message says what did not verify;
   * the run then fails with it. Retries of the network are done inside.
   */
  prepare(request: InputRequest, options: { signal: AbortSignal }): Promise<PreparedInput>;
}

export interface InputRequest {
  readonly run: RunReference;
  readonly workspace: string;
  readonly driver: 'source.colophon.dev' | 'packages.colophon.dev';
  /** As written in the csi binding, after substitution: uri, revision, lock. Unknown keys are refused by the implementation. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PreparedInput {
  /** Absolute path on this machine, readable by the runner host. */
  readonly directory: string;
  readonly record: InputRecord;
}

/** Resolves step images. */
export interface Images {
  /**
   * Resolves a reference to the digest of one platform's manifest, reads its configuration and makes the image
   * available to the host (fetched, verified, unpacked). Called once for each distinct reference of a TaskRun; its answer is
   * kept in the TaskRun's record. Rejects when the image cannot be had: the TaskRun then fails with TaskRunImagePullFailed.
   */
  resolve(reference: string, options: { signal: AbortSignal }): Promise<ResolvedImage>;
}

export interface ResolvedImage {
  /** `HOST/PATH`, without tag and digest. */
  readonly repository: string;
  readonly digest: Digest;
  readonly config: {
    readonly entrypoint: readonly string[];
    readonly command: readonly string[];
    /** `NAME=value`, as in the image configuration. */
    readonly env: readonly string[];
    readonly workingDir: string;
    /** `user`, `uid`, `user:group` …, as in the image configuration; the host resolves names inside the root file system. */
    readonly user: string;
  };
}

/** Takes what a TaskRun left in its `images.colophon.dev` workspaces. */
export interface Outputs {
  /**
   * Called after all steps have succeeded and before the TaskRun's completion is written. Opens every OCI layout below
   * the directory as hostile, checks it, copies it into the blob store and pushes it to `repository/NAME`; `known`
   * are the images that earlier TaskRuns of the same run produced from the same directory: an unchanged layout is not
   * produced again. Durable and pushed when it resolves. Rejects if a layout is broken or the push fails: the TaskRun fails.
   */
  collect(request: OutputRequest, options: { signal: AbortSignal }): Promise<readonly ProducedImage[]>;
}

export interface OutputRequest {
  readonly run: RunReference;
  readonly task: string;
  readonly workspace: string;
  readonly directory: string;
  /** `HOST/PREFIX` of the binding. */
  readonly repository: string;
  readonly known: readonly ProducedImage[];
}

/** Values that must not stand in a log beside the Secrets that the run mounts or has in its environment (which the controller masks itself). */
export interface Masks {
  /** At most a few hundred values of at least four characters. */
  values(run: RunReference): Promise<readonly string[]>;
}

/** The narrow ways out of a sandbox that a TaskRun's annotations ask for. */
export interface Relays {
  /**
   * Opens them for one attempt of a TaskRun, and for it alone. `network`: a Unix socket that leads to the recording
   * proxy. `push`: a socket that gives a push token for this repository and this run. Rejects when the run may not have what it
   * asks for; the TaskRun then fails with the message.
   */
  open(request: RelayRequest): Promise<OpenRelays>;
}

export interface RelayRequest {
  readonly run: RunReference;
  readonly network: boolean;
  /** Absent: no token is asked for. */
  readonly push?: string;
}

export interface OpenRelays {
  /** Given if `network` was asked for. */
  readonly proxySocket?: string;
  /** Sockets that steps see, and where. */
  readonly sockets: readonly { readonly hostPath: string; readonly path: string }[];
  /** Ports of the steps' loopback that lead to a Unix socket of the control plane. */
  readonly ports?: readonly { readonly port: number; readonly socketPath: string }[];
  /** Given if `push` was asked for: a docker config.json that carries the token; steps find it by DOCKER_CONFIG and REGISTRY_AUTH_FILE. */
  readonly dockerConfig?: string;
  /** Values that must not stand in the logs of this attempt. */
  readonly masks: readonly string[];
  /** Closes them and gives the images that the steps pushed with the token, as the registry saw them arrive. Idempotent. */
  close(): Promise<readonly ProducedImage[]>;
}

/** Everything that the controller needs from the rest of the house. */
export interface Collaborators {
  readonly inputs: Inputs;
  readonly images: Images;
  readonly outputs: Outputs;
  readonly masks: Masks;
  readonly relays: Relays;
}
