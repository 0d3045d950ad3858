import { describe, expect, test } from 'vitest';
import { canonicalJson } from '@colophon/core';
import {
  conditionOf,
  planPipelineRun,
  unsupported,
  type FoundTask,
  type Pipeline,
  type PipelineRun,
  type PipelineRunPlan,
  type PipelineRunStatus,
  type PipelineSpec,
  type Task,
  type TaskRun,
} from '../../src/index.ts';
import { examples, missing, type Example } from './recordings.ts';

/** Differences that are known: why is in docs/pipeline.md. */
const known = new Set(['alpha/pr-timeout-pipeline run', 'alpha/pipelineruns__alpha__consume-artifacts-from-task child consume-artifacts']);

describe.skipIf(missing)('PipelineRuns, replayed with the recorded ends of their TaskRuns', () => {
  test('come to the recorded status by creating the recorded TaskRuns', () => {
    const differ: string[] = [];
    const left: string[] = [];
    const count = { runs: 0, agree: 0, children: 0, equal: 0 };
    for (const example of examples()) {
      for (const run of example.pipelineRuns.filter(({ metadata }) => metadata.ownerReferences === undefined)) {
        const why = cannotReplay(example, run);
        if (why.length > 0) {
          left.push(`${example.name}: ${why[0] ?? ''}`);
          continue;
        }
        const replayed = replay(example, run);
        count.runs += 1;
        const fields = differences(run.status ?? {}, replayed.plan.status);
        if (fields.length === 0) count.agree += 1;
        else differ.push(`${example.name} ${run.metadata.name}`);
        if (fields.length > 0 && !known.has(`${example.name} ${run.metadata.name}`)) console.info(`${example.name}: ${fields.join('\n')}`);
        count.children += replayed.children.length;
        for (const child of replayed.children) {
          const recorded = example.taskRuns.find(({ metadata }) => metadata.name === child.metadata.name);
          if (recorded !== undefined && childShape(recorded) === childShape(child)) count.equal += 1;
          else differ.push(`${example.name} child ${child.metadata.labels?.['tekton.dev/pipelineTask'] ?? ''}`);
        }
      }
    }
    console.info(
      `PipelineRuns: ${count.agree} of ${count.runs} agree, ${count.equal} of ${count.children} TaskRuns created alike; ${left.length} use what is not run yet`,
    );
    expect(differ.filter((name) => !known.has(name))).toEqual([]);
    expect(count.runs).toBeGreaterThanOrEqual(96);
  });
});

/** What of the pipeline itself is not run yet; what its steps use does not matter, their ends are given. */
function cannotReplay({ objects }: Example, run: PipelineRun): string[] {
  const pipeline = objects.find(
    (object): object is Pipeline => object.kind === 'Pipeline' && object.metadata.name === run.spec.pipelineRef?.name,
  );
  const { workspaces: _workspaces, ...spec } = run.spec;
  return [...unsupported({ ...run, spec }), ...(pipeline === undefined ? [] : unsupported(pipeline))]
    .filter(({ path }) => !/taskSpec\.(?:steps|sidecars|results|volumes)/.test(path))
    .map(({ path, why }) => `${path} (${why})`);
}

function replay({ objects, taskRuns, notes, gates }: Example, recorded: PipelineRun): { plan: PipelineRunPlan; children: TaskRun[] } {
  const mine = new Map(
    taskRuns.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === recorded.metadata.uid).map((run) => [run.metadata.name, run]),
  );
  const patched = notes.some((note) => note.startsWith('patched')) && recorded.spec.status !== undefined;
  const name = recorded.spec.pipelineRef?.name;
  const stored = objects.find((object): object is Pipeline => object.kind === 'Pipeline' && object.metadata.name === name);
  const spec = recorded.spec.pipelineSpec ?? stored?.spec;
  const run: PipelineRun = structuredClone({ ...recorded, status: {} });
  if (patched) delete run.spec.status;
  const children = new Map<string, TaskRun>();
  const created: TaskRun[] = [];
  let now = Date.parse(recorded.status?.startTime ?? '');
  let deleted = false;
  for (let turn = 0; turn < 60; turn += 1) {
    const plan = planPipelineRun({
      run,
      gates,
      now,
      children: [...children.values()],
      pipeline: pipelineOf(run, spec),
      tasks: deleted ? new Map() : tasksOf(objects, spec),
    });
    run.status = structuredClone(plan.status);
    for (const child of plan.create) {
      created.push(child);
      children.set(child.metadata.name, { ...child, status: running });
    }
    if (conditionOf(plan.status)?.status !== 'Unknown') return { plan, children: created };
    if (patched && run.spec.status !== recorded.spec.status) {
      run.spec.status = recorded.spec.status as string;
      continue;
    }
    deleted = notes.some((note) => note.startsWith('deleted Task'));
    for (const { name: child } of plan.cancel) children.set(child, mine.get(child) as TaskRun);
    if (plan.cancel.length > 0) continue;
    const ends = [...children.values()]
      .filter((child) => child.status === running)
      .map((child) => mine.get(child.metadata.name))
      .filter((child) => child?.status?.completionTime !== undefined)
      .map((child) => ({ child: child as TaskRun, at: Date.parse(child?.status?.completionTime ?? '') }))
      .sort((left, right) => left.at - right.at);
    const [next] = ends;
    if (plan.wake !== undefined && (next === undefined || plan.wake < Math.max(now, next.at))) now = plan.wake;
    else if (next === undefined) return { plan, children: created };
    else {
      now = Math.max(now, next.at);
      children.set(next.child.metadata.name, next.child);
    }
  }
  throw new Error('the run does not end');
}

const running: NonNullable<TaskRun['status']> = {
  conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running', message: '', lastTransitionTime: '' }],
};

function pipelineOf(run: PipelineRun, spec: PipelineSpec | undefined) {
  const name = run.spec.pipelineRef?.name;
  if (spec !== undefined) return { name: name ?? run.metadata.name, spec };
  const where = `${run.metadata.namespace ?? ''}/${run.metadata.name}`;
  return {
    missing: `Error retrieving pipeline for pipelinerun ${where}: error when getting Pipeline for PipelineRun ${run.metadata.name}: tekton client cannot get pipeline ${name ?? ''} from local cluster: pipelines.tekton.dev "${name ?? ''}" not found`,
  };
}

function tasksOf(objects: Example['objects'], spec: PipelineSpec | undefined): Map<string, FoundTask> {
  const tasks = new Map<string, FoundTask>();
  for (const task of [...(spec?.tasks ?? []), ...(spec?.finally ?? [])]) {
    if (task.taskRef === undefined) continue;
    const name = task.taskRef.name ?? '';
    const found = objects.find((object): object is Task => object.kind === 'Task' && object.metadata.name === name);
    tasks.set(task.name, found === undefined ? { missing: `tasks.tekton.dev "${name}" not found` } : { name, spec: found.spec });
  }
  return tasks;
}

function differences(recorded: PipelineRunStatus, mine: PipelineRunStatus): string[] {
  const shape = (status: PipelineRunStatus): Record<string, unknown> => {
    const { lastTransitionTime: _time, ...condition } = conditionOf(status) ?? { lastTransitionTime: '' };
    const { skippedTasks, childReferences, results, pipelineSpec } = status;
    return {
      condition,
      skippedTasks,
      childReferences,
      results,
      pipelineSpec,
      finally: status.finallyStartTime !== undefined,
      completed: status.completionTime !== undefined,
    };
  };
  const [left, right] = [shape(recorded), shape(mine)];
  return Object.keys(left)
    .filter((key) => canonicalJson({ value: left[key] }) !== canonicalJson({ value: right[key] }))
    .map((key) => `${key}: ${canonicalJson({ value: left[key] })} ≠ ${canonicalJson({ value: right[key] })}`);
}

/** A TaskRun as it was created: without what Tekton's TaskRun controller adds (release, the Task's own metadata) and its affinity assistant. */
function childShape({ metadata, spec }: TaskRun): string {
  const {
    'pipeline.tekton.dev/release': _release,
    'pipeline.tekton.dev/affinity-assistant': _affinity,
    description: _description,
    ...annotations
  } = metadata.annotations ?? {};
  const { 'tekton.dev/task': _task, ...labels } = metadata.labels ?? {};
  const { status: _status, statusMessage: _message, ...rest } = spec;
  return canonicalJson({ name: metadata.name, annotations, labels, owners: metadata.ownerReferences, spec: rest });
}
