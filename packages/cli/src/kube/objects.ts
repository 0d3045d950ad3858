import type { Api } from '../client/api.ts';

/** A run as the Kubernetes-shaped API gives it: only what we read. */
export interface Run {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly creationTimestamp: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly results?: readonly { name: string; value: unknown }[];
    readonly steps?: readonly StepState[];
    readonly childReferences?: readonly { name: string; pipelineTaskName: string; kind: string }[];
    readonly skippedTasks?: readonly { name: string; reason: string }[];
  };
}

export interface StepState {
  readonly name: string;
  readonly container: string;
  readonly imageID?: string;
  readonly running?: { startedAt?: string };
  readonly waiting?: { reason?: string };
  readonly terminated?: { exitCode: number; reason: string; startedAt?: string; finishedAt?: string };
}

export type RunKind = 'pipelineruns' | 'taskruns';

const tekton = '/kubernetes/apis/tekton.dev/v1';

export function runPath(namespace: string, kind: RunKind, name?: string): string {
  return `${tekton}/namespaces/${encodeURIComponent(namespace)}/${kind}${name === undefined ? '' : `/${encodeURIComponent(name)}`}`;
}

export function condition(run: Run): { status: string; reason: string; message: string } {
  return run.status?.conditions?.find(({ type }) => type === 'Succeeded') ?? { status: 'Unknown', reason: 'Pending', message: '' };
}

/** True once the run has ended, however it ended. */
export function ended(run: Run): boolean {
  return condition(run).status !== 'Unknown';
}

export async function listRuns(api: Api, namespace: string, kind: RunKind, labelSelector?: string): Promise<readonly Run[]> {
  const query = labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
  return ((await api.get(`${runPath(namespace, kind)}${query}`)) as { items: Run[] }).items;
}

/** `NAME`, `pipelinerun/NAME` or `taskrun/NAME`; a bare name is looked for as a PipelineRun first. */
export async function findRun(api: Api, namespace: string, name: string): Promise<Run> {
  const [kind, bare] = /^(?:pipelinerun|pr)\//.test(name)
    ? (['pipelineruns', name.slice(name.indexOf('/') + 1)] as const)
    : /^(?:taskrun|tr)\//.test(name)
      ? (['taskruns', name.slice(name.indexOf('/') + 1)] as const)
      : ([undefined, name] as const);
  if (kind !== undefined) return (await api.get(runPath(namespace, kind, bare))) as Run;
  try {
    return (await api.get(runPath(namespace, 'pipelineruns', bare))) as Run;
  } catch (error) {
    if ((error as { code?: string }).code !== 'CLI_NOT_FOUND') throw error;
    return (await api.get(runPath(namespace, 'taskruns', bare))) as Run;
  }
}

/** The TaskRuns of a run, oldest first: itself, if it is one. */
export async function taskRunsOf(api: Api, run: Run): Promise<readonly Run[]> {
  if (run.kind === 'TaskRun') return [run];
  const items = await listRuns(api, run.metadata.namespace, 'taskruns', `tekton.dev/pipelineRun=${run.metadata.name}`);
  return items.toSorted((left, right) => (left.metadata.creationTimestamp < right.metadata.creationTimestamp ? -1 : 1));
}

export function taskName(taskRun: Run): string {
  return taskRun.metadata.labels?.['tekton.dev/pipelineTask'] ?? taskRun.metadata.name;
}
