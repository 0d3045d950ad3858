import type { KubeObject } from '@colophon/store';

interface StepState {
  readonly name: string;
  readonly container?: string;
  readonly imageID?: string;
  readonly waiting?: { reason?: string; message?: string };
  readonly running?: { startedAt: string };
  readonly terminated?: { exitCode: number; reason?: string; startedAt?: string; finishedAt?: string };
}

/** The name under which a TaskRun's pod is found. */
export function podName(taskRun: KubeObject): string {
  const given: unknown = taskRun.status?.podName;
  return typeof given === 'string' && given !== '' ? given : `${taskRun.metadata.name}-pod`;
}

/** A TaskRun as the pod that a cluster would run it in, so that clients that read a run's containers and logs find them; undefined before it starts. */
export function podOf(taskRun: KubeObject): KubeObject | undefined {
  const { metadata, status } = taskRun;
  if (status?.startTime === undefined) return undefined;
  const states: readonly StepState[] = status.steps ?? [];
  const specs: readonly { name?: string; image?: string }[] = status.taskSpec?.steps ?? taskRun.spec?.taskSpec?.steps ?? [];
  const names = specs.length > 0 ? specs.map(({ name }, index) => name ?? `unnamed-${index}`) : states.map(({ name }) => name);
  const steps = names.map((name, index) => ({
    name: `step-${name}`,
    image: specs[index]?.image ?? '',
    state: states.find((state) => state.name === name || state.container === `step-${name}`),
  }));
  const phase = phaseOf(status, states);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: podName(taskRun),
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      uid: podUid(metadata.uid ?? ''),
      resourceVersion: metadata.resourceVersion ?? '',
      creationTimestamp: status.startTime as string,
      labels: { ...metadata.labels, 'tekton.dev/taskRun': metadata.name ?? '', 'tekton.dev/taskRunUID': metadata.uid ?? '' },
      ownerReferences: [
        {
          apiVersion: 'tekton.dev/v1',
          kind: 'TaskRun',
          name: metadata.name ?? '',
          uid: metadata.uid ?? '',
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: { restartPolicy: 'Never', containers: steps.map(({ name, image }) => ({ name, image })) },
    status: {
      phase,
      startTime: status.startTime as string,
      conditions: [
        { type: 'Initialized', status: 'True' },
        { type: 'Ready', status: phase === 'Running' ? 'True' : 'False' },
      ],
      containerStatuses: steps.map(({ name, image, state }) => containerStatus(name, image, state)),
    },
  };
}

/** The uid of a TaskRun with its last digit turned: another object, always the same. */
function podUid(uid: string): string {
  return uid === '' ? uid : uid.slice(0, -1) + ((Number.parseInt(uid.slice(-1), 16) || 0) ^ 1).toString(16);
}

function phaseOf(status: Record<string, any>, states: readonly StepState[]): string {
  const conditions: readonly { type: string; status: string }[] = status['conditions'] ?? [];
  const outcome = conditions.find(({ type }) => type === 'Succeeded')?.status;
  if (outcome === 'True') return 'Succeeded';
  if (outcome === 'False') return 'Failed';
  return states.some(({ running, terminated }) => running !== undefined || terminated !== undefined) ? 'Running' : 'Pending';
}

function containerStatus(name: string, image: string, state: StepState | undefined): Record<string, unknown> {
  const now =
    state?.terminated !== undefined
      ? { terminated: { exitCode: state.terminated.exitCode, reason: state.terminated.reason ?? 'Completed', ...times(state.terminated) } }
      : state?.running !== undefined
        ? { running: state.running }
        : { waiting: state?.waiting ?? { reason: 'PodInitializing' } };
  return {
    name,
    image,
    imageID: state?.imageID ?? '',
    ready: state?.running !== undefined,
    started: state?.running !== undefined,
    restartCount: 0,
    state: now,
  };
}

function times({ startedAt, finishedAt }: { startedAt?: string; finishedAt?: string }): Record<string, string> {
  return { ...(startedAt === undefined ? {} : { startedAt }), ...(finishedAt === undefined ? {} : { finishedAt }) };
}
