import { setTimeout as sleep } from 'node:timers/promises';
import type { Api } from '../client/api.ts';
import { ended, runPath, taskName, taskRunsOf, type Run, type RunKind } from './objects.ts';

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** One line of a step's log. */
  onLine?(task: string, step: string, line: string): void;
  /** Once for each TaskRun and step that begins or ends. */
  onChange?(run: Run, taskRuns: readonly Run[]): void;
}

/** Follows a run to its end; gives its last state. Survives a restart of the server. */
export async function followRun(api: Api, first: Run, options: FollowOptions): Promise<Run> {
  const kind: RunKind = first.kind === 'TaskRun' ? 'taskruns' : 'pipelineruns';
  const logs = new Map<string, Promise<void>>();
  let run = first;
  let failures = 0;
  for (;;) {
    options.signal.throwIfAborted();
    try {
      run = (await api.get(runPath(first.metadata.namespace, kind, first.metadata.name))) as Run;
      const taskRuns = await taskRunsOf(api, run);
      if (options.onLine !== undefined) for (const taskRun of taskRuns) followSteps(api, taskRun, logs, options);
      options.onChange?.(run, taskRuns);
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures > 50 || (error as { code?: string }).code !== 'CLI_SERVER_UNREACHABLE') throw error;
    }
    if (ended(run)) break;
    await sleep(120, undefined, { signal: options.signal });
  }
  await Promise.all(logs.values());
  return run;
}

function followSteps(api: Api, taskRun: Run, logs: Map<string, Promise<void>>, options: FollowOptions): void {
  for (const step of taskRun.status?.steps ?? []) {
    const key = `${taskRun.metadata.uid}/${step.container}`;
    if (logs.has(key) || (step.running === undefined && step.terminated === undefined)) continue;
    logs.set(
      key,
      readLog(api, taskRun, step.container, { follow: true, signal: options.signal }, (line) =>
        options.onLine?.(taskName(taskRun), step.name, line),
      ).catch(() => {}),
    );
  }
}

/** The log of one step, line by line. */
export async function readLog(
  api: Api,
  taskRun: Run,
  container: string,
  options: { follow?: boolean; signal?: AbortSignal },
  onLine: (line: string) => void,
): Promise<void> {
  const query = `container=${encodeURIComponent(container)}${options.follow === true ? '&follow=true' : ''}`;
  const path = `/kubernetes/api/v1/namespaces/${taskRun.metadata.namespace}/pods/${taskRun.metadata.name}-pod/log?${query}`;
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of await api.stream(path, options.signal)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  }
  if (rest !== '') onLine(rest);
}
