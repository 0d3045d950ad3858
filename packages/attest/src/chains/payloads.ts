import { isColophonError } from '@colophon/core';
import type { InTotoStatement } from '../statement/types.ts';
import type { ChainsConfig, ChainsFormat } from './config.ts';
import { pipelineRunV02, taskRunV02 } from './format-v02.ts';
import { pipelineRunV1, taskRunV1 } from './format-v1.ts';
import { buildArtifacts, images } from './hints.ts';
import { parseImageName, type ImageName } from './image-name.ts';
import type { PipelineRun, Run, TaskRun } from './objects.ts';

export type ChainsPayload =
  /** Signed as a DSSE envelope of type application/vnd.in-toto+json. */
  | { readonly kind: 'statement'; readonly statement: InTotoStatement }
  /** Signed raw: cosign's simple signing of an image. */
  | { readonly kind: 'simplesigning'; readonly reference: string; readonly digest: `sha256:${string}` };

export interface ChainsOutcome {
  /** `signed` and `failed` are what Chains writes as chains.tekton.dev/signed (true, failed); `skipped`: it never touches the run. */
  readonly outcome: 'signed' | 'failed' | 'skipped';
  /** Why, unless signed. */
  readonly reason?: string;
  /** By Chains' short key: `taskrun-UID`, `pipelinerun-UID`, or the first twelve digits of an image's digest. */
  readonly payloads: Readonly<Record<string, ChainsPayload>>;
}

/**
 * What Tekton Chains 0.29.2 signs for a finished run under a configuration. `children` are the TaskRuns of a PipelineRun. The payloads say what Chains' would say,
 * with the same trust in what steps say; a verifier of ours trusts the statement of our own build type instead.
 */
export function chainsPayload(config: ChainsConfig, object: TaskRun | PipelineRun, children: readonly TaskRun[] = []): ChainsOutcome {
  const condition = object.status?.conditions?.find(({ type }) => type === 'Succeeded')?.status;
  if (condition !== 'True' && condition !== 'False') return { outcome: 'skipped', reason: 'the run is not finished', payloads: {} };
  return object.kind === 'PipelineRun' ? pipelineRunPayload(config, object, children) : taskRunPayloads(config, object);
}

function pipelineRunPayload(config: ChainsConfig, run: PipelineRun, children: readonly TaskRun[]): ChainsOutcome {
  const format = config.pipelineRunFormat;
  if (format === undefined) return { outcome: 'signed', payloads: {} };
  const references = run.status?.childReferences ?? [];
  const byName = new Map(children.map((child) => [child.metadata.name, child]));
  // Chains looks every child up as a TaskRun and gives up silently where there is none (tektoncd/chains issue 1210).
  const missing = references.find(({ name, kind }) => kind !== 'TaskRun' || !byName.has(name));
  if (missing !== undefined)
    return { outcome: 'skipped', reason: `${missing.kind} ${missing.name} is not a TaskRun that exists`, payloads: {} };
  const family = { run, taskRuns: references.map(({ name }) => byName.get(name) as TaskRun) };
  return attempt({}, `pipelinerun-${run.metadata.uid}`, () =>
    isV1(format) ? pipelineRunV1(family, config, format) : pipelineRunV02(family, config),
  );
}

function taskRunPayloads(config: ChainsConfig, run: TaskRun): ChainsOutcome {
  const signed = config.signImages ? imagePayloads(run) : {};
  const format = config.taskRunFormat;
  if (format === undefined) return { outcome: 'signed', payloads: signed };
  return attempt(signed, `taskrun-${run.metadata.uid}`, () => (isV1(format) ? taskRunV1(run, config, format) : taskRunV02(run, config)));
}

function imagePayloads({ status }: Run): Record<string, ChainsPayload> {
  const results = status?.results ?? [];
  const outputs = buildArtifacts(results).map(({ uri, algorithm, hex }) => parseImageName(`${uri}@${algorithm}:${hex}`));
  const found = [...outputs.filter((image): image is ImageName => image !== undefined), ...images(results)];
  return Object.fromEntries(
    found.map(({ repository, sha256 }) => [
      sha256.slice(0, 12),
      { kind: 'simplesigning', reference: repository, digest: `sha256:${sha256}` } satisfies ChainsPayload,
    ]),
  );
}

function attempt(payloads: ChainsOutcome['payloads'], key: string, make: () => InTotoStatement): ChainsOutcome {
  try {
    return { outcome: 'signed', payloads: { ...payloads, [key]: { kind: 'statement', statement: make() } } };
  } catch (error) {
    if (!isColophonError(error) || error.code !== 'ATTEST_CHAINS_GAVE_UP') throw error;
    return { outcome: 'failed', reason: error.message, payloads };
  }
}

function isV1(format: ChainsFormat): format is 'slsa/v2alpha3' | 'slsa/v2alpha4' {
  return format === 'slsa/v2alpha3' || format === 'slsa/v2alpha4';
}
