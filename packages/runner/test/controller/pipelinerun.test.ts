import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PipelineRun } from '@colophon/pipeline';
import { pipelineRunType } from '../../src/controller/resources.ts';
import { house, type House } from './house.ts';

let home: House;
beforeEach(async () => void (home = await house()));
afterEach(() => home.close());

const step = (script: string) => `{name: s, image: i, script: ${JSON.stringify(script)}}`;
const running = async (count: number) => {
  while (home.host.plans.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
};

describe('a PipelineRun', () => {
  test('passes results on, skips, runs finally, and its record holds those of its tasks', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: greet}
spec:
  params: [{name: who}]
  results: [{name: out}]
  steps: [${step('result out hello-$(params.who)')}]
---
apiVersion: tekton.dev/v1
kind: Pipeline
metadata: {name: line, labels: {team: a}}
spec:
  params: [{name: who, default: world}]
  results: [{name: said, value: $(tasks.a.results.out)}]
  tasks:
  - {name: a, taskRef: {name: greet}, params: [{name: who, value: $(params.who)}]}
  - {name: b, taskRef: {name: greet}, params: [{name: who, value: $(tasks.a.results.out)}]}
  - {name: c, when: [{input: $(tasks.a.results.out), operator: in, values: [other]}], taskSpec: {steps: [${step('exit 0')}]}}
  finally:
  - {name: f, params: [{name: s, value: $(tasks.b.status)-$(tasks.status)}], taskSpec: {params: [{name: s}], steps: [{name: s, image: i, args: [$(params.s)]}]}}
---
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec: {pipelineRef: {name: line}}
`);
    await home.start();
    const run = await home.finished<PipelineRun>('PipelineRun', 'p');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'True',
      reason: 'Completed',
      message: 'Tasks Completed: 3 (Failed: 0, Cancelled 0), Skipped: 1',
    });
    expect(run.status?.results).toEqual([{ name: 'said', value: 'hello-world' }]);
    expect(run.status?.skippedTasks).toEqual([
      {
        name: 'c',
        reason: 'When Expressions evaluated to false',
        whenExpressions: [{ input: 'hello-world', operator: 'in', values: ['other'] }],
      },
    ]);
    expect(run.status?.childReferences?.map(({ name }) => name)).toEqual(['p-a', 'p-b', 'p-f']);
    expect(run.metadata.labels).toMatchObject({ 'tekton.dev/pipeline': 'line', team: 'a' });
    expect(home.host.plans.find(({ name }) => name === 'p-b')?.steps[0]?.script).toContain('hello-hello-world');
    expect(home.host.plans.find(({ name }) => name === 'p-f')?.steps[0]?.argv).toEqual(['/entry', 'Succeeded-Completed']);
    const record = await home.record(run);
    expect(record).toMatchObject({ kind: 'PipelineRun', outcome: { succeeded: true, reason: 'Completed' }, mode: 'sandbox' });
    expect(record.children.map(({ pipelineTask }) => pipelineTask)).toEqual(['a', 'b', 'f']);
    expect(record.definitions.map(({ kind, name, pipelineTask }) => [kind, name, pipelineTask])).toEqual([
      ['Pipeline', 'line', undefined],
      ['Task', 'greet', 'a'],
      ['Task', 'greet', 'b'],
      ['Task', 'p-f', 'f'],
    ]);
    expect((await home.record(await home.taskRun('p-a'))).parent).toMatchObject({ kind: 'PipelineRun', name: 'p', uid: run.metadata.uid });
  });

  test.each([
    ['Cancelled', 'Cancelled', 'PipelineRun "p" was cancelled', []],
    ['CancelledRunFinally', 'Cancelled', 'PipelineRun "p" was cancelled', ['p-f']],
    ['StoppedRunFinally', 'Cancelled', 'PipelineRun "p" was cancelled', ['p-f']],
  ])('is ended by %s', async (status, reason, message, last) => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  pipelineSpec:
    tasks:
    - {name: a, taskSpec: {steps: [${step('sleep 400')}]}}
    - {name: b, runAfter: [a], taskSpec: {steps: [${step('exit 0')}]}}
    finally: [{name: f, taskSpec: {steps: [${step('exit 0')}]}}]
`);
    await home.start();
    await running(1);
    await home.store.patch(pipelineRunType, 'ns', 'p', { spec: { status } }, 'merge');
    const run = await home.finished<PipelineRun>('PipelineRun', 'p');
    expect(run.status?.conditions?.[0]).toMatchObject({ status: 'False', reason, message });
    expect(run.status?.childReferences?.map(({ name }) => name)).toEqual(['p-a', ...last]);
    const first = await home.taskRun('p-a');
    expect(first.status?.conditions?.[0]?.reason).toBe(status === 'StoppedRunFinally' ? 'Succeeded' : 'TaskRunCancelled');
    expect((await home.record(run)).children.map(({ name }) => name)).toEqual(['p-a', ...last]);
  });

  test('is ended by its timeout', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec: {timeouts: {pipeline: 1s}, pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [${step('sleep 60000')}]}}]}}
`);
    await home.start();
    const run = await home.finished<PipelineRun>('PipelineRun', 'p');
    expect(run.status?.conditions?.[0]).toMatchObject({
      reason: 'PipelineRunTimeout',
      message: 'PipelineRun "p" failed to finish within "1s"',
    });
    expect((await home.taskRun('p-a')).status?.conditions?.[0]?.message).toContain('the PipelineRun it belongs to has timed out');
  });

  test('without its Pipeline or a Task of it fails with the reason', async () => {
    await home.apply('apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: p}\nspec: {pipelineRef: {name: absent}}');
    await home.apply(
      'apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata: {name: q}\nspec: {pipelineSpec: {tasks: [{name: a, taskRef: {name: absent}}]}}',
    );
    await home.start();
    expect((await home.finished<PipelineRun>('PipelineRun', 'p')).status?.conditions?.[0]).toMatchObject({ reason: 'CouldntGetPipeline' });
    expect((await home.finished<PipelineRun>('PipelineRun', 'q')).status?.conditions?.[0]).toMatchObject({ reason: 'CouldntGetTask' });
  });

  test('does not take a TaskRun of its child’s name for its child', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: p-a}
spec: {taskSpec: {steps: [${step('exit 0')}]}}
`);
    await home.start();
    await home.finished('TaskRun', 'p-a');
    await home.apply(`
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec: {timeouts: {pipeline: 1s}, pipelineSpec: {tasks: [{name: a, taskSpec: {steps: [${step('exit 0')}]}}]}}
`);
    const run = await home.finished<PipelineRun>('PipelineRun', 'p');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'TaskRun "p-a" exists already and is not of this run',
    });
    expect(home.host.plans).toHaveLength(1);
  });
});
