import { builderId, provenance, type BuildFacts, type InTotoStatement, type ResourceDescriptor } from '@colophon/attest';
import type { Rebuilt, ReplayObject, ReplayPlan } from '@colophon/rebuild';
import type { Api } from '../../client/api.ts';
import type { Output } from '../../output/output.ts';
import { printable } from '../../output/table.ts';
import { followRun } from '../../kube/follow.ts';
import { condition, type Run } from '../../kube/objects.ts';
import { submit } from '../run/run.ts';

export interface Replayed {
  readonly run: Run;
  readonly succeeded: boolean;
  readonly reason: string;
  readonly message: string;
  /** The last lines of the steps' logs, for a failure. */
  readonly lastLines: readonly string[];
  readonly seconds: number;
}

/** Submits what the plan says and follows it to its end. */
export async function replay(objects: readonly ReplayObject[], api: Api, output: Output, signal: AbortSignal): Promise<Replayed> {
  const started = performance.now();
  let created: Run | undefined;
  for (const object of objects) created = await submit(api, object as unknown as Run, object.metadata.namespace);
  const step = output.step(`Replaying ${created?.kind} ${created?.metadata.name}`);
  const lastLines: string[] = [];
  const run = await followRun(api, created as Run, {
    signal,
    onLine(task, name, line) {
      lastLines.push(`[${task} : ${name}] ${printable(line)}`);
      if (lastLines.length > 20) lastLines.shift();
      step.update(`${task}: ${printable(line).slice(0, 100)}`);
    },
    onChange: (_run, taskRuns) =>
      step.update(`${taskRuns.filter((child) => condition(child).status !== 'Unknown').length} of ${taskRuns.length} tasks ended`),
  });
  const { status, reason, message } = condition(run);
  const succeeded = status === 'True';
  if (succeeded) step.done(reason);
  else step.failed(reason);
  return { run, succeeded, reason, message, lastLines, seconds: (performance.now() - started) / 1000 };
}

type Record = BuildFacts & {
  readonly children: readonly { readonly uid: string; readonly namespace: string }[];
  readonly produced: readonly Rebuilt[];
};

export interface ReplayRecord {
  readonly produced: readonly Rebuilt[];
  readonly dependencies: readonly ResourceDescriptor[];
}

/** What the second control plane itself recorded, in the form in which it would attest it: the same words as the first's. */
export async function recordOf(run: Run, api: Api): Promise<ReplayRecord> {
  const read = async (namespace: string, uid: string) =>
    ((await api.get(`/kubernetes/apis/colophon.dev/v1/namespaces/${namespace}/builds/${uid}`)) as { spec: Record }).spec;
  const record = await read(run.metadata.namespace, run.metadata.uid);
  const children = await Promise.all(record.children.map(({ namespace, uid }) => read(namespace, uid)));
  const produced = [record, ...children].flatMap((one) => one.produced);
  if (produced.length === 0) return { produced, dependencies: [] };
  const mode = record.mode === 'none' ? (children.find((child) => child.mode !== 'none')?.mode ?? 'sandbox') : record.mode;
  const statement = provenance({ record, children, builder: { id: builderId(api.url, mode as 'sandbox'), version: {} } });
  return { produced, dependencies: dependenciesOf(statement) };
}

function dependenciesOf({ predicate }: InTotoStatement): readonly ResourceDescriptor[] {
  return (predicate as { buildDefinition: { resolvedDependencies: ResourceDescriptor[] } }).buildDefinition.resolvedDependencies;
}

/** What the provenance names, for the report. */
export function recordedFacts({ run, dependencies, images }: ReplayPlan) {
  return {
    run: `${run.kind} ${run.namespace}/${run.name}`,
    sources: dependencies.flatMap(({ name = '', uri, digest }) =>
      name.startsWith('source/') ? [{ uri: uri ?? '', commit: digest?.['gitCommit'] ?? '' }] : [],
    ),
    packages: dependencies.filter(({ name = '' }) => name.startsWith('package/')).length,
    stepImages: images.map(({ repository, digest }) => `${repository}@${digest}`),
  };
}
