import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TaskRun } from '@colophon/pipeline';
import { taskRunType } from '../../src/controller/resources.ts';
import { house, imageDigest, type House } from './house.ts';

let home: House;
beforeEach(async () => void (home = await house()));
afterEach(() => home.close());

const inline = (name: string, script: string, extra = '') => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ${name}}
spec:
  ${extra}
  taskSpec:
    results: [{name: out}]
    steps:
    - name: s
      image: registry.example/tool:1
      script: |
        ${script.split('\n').join('\n        ')}
`;

describe('a TaskRun', () => {
  test('runs to its end with two status writes and a record that comes first', async () => {
    await home.start();
    const watching = new AbortController();
    const versions: TaskRun[] = [];
    const done = (async () => {
      for await (const { object } of home.store.watch(taskRunType, 'ns', { signal: watching.signal })) {
        const run = object as unknown as TaskRun;
        versions.push(run);
        if (run.status?.completionTime !== undefined) return home.record(run);
      }
      throw new Error('ended');
    })();
    await home.apply(inline('one', 'result out hello'));
    const record = await done;
    watching.abort();
    const run = await home.taskRun('one');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'True',
      reason: 'Succeeded',
      message: 'All Steps have completed executing',
    });
    expect(run.status?.results).toEqual([{ name: 'out', type: 'string', value: 'hello' }]);
    expect(run.status?.steps?.[0]).toMatchObject({
      container: 'step-s',
      imageID: `registry.example/tool@${imageDigest('registry.example/tool:1')}`,
      terminationReason: 'Completed',
    });
    expect(versions.filter(({ status }) => status !== undefined).length).toBeLessThanOrEqual(3);
    expect(record).toMatchObject({
      version: 1,
      kind: 'TaskRun',
      mode: 'sandbox',
      network: false,
      replayable: true,
      outcome: { succeeded: true, reason: 'Succeeded' },
      stepImages: [{ task: 'one', step: 's', repository: 'registry.example/tool' }],
      definitions: [{ kind: 'Task', source: { kind: 'inline' } }],
      results: [{ name: 'out', value: 'hello' }],
    });
    expect(record.status).toEqual(run.status);
  });

  test('of a stored Task carries its name, and its params reach the step', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: Task
metadata: {name: t, labels: {team: a}}
spec:
  params: [{name: who, default: nobody}]
  steps: [{name: s, image: i, command: [echo], args: [$(params.who), $(HOME_OF)], env: [{name: HOME_OF, value: h}]}]
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: r}
spec: {taskRef: {name: t}, params: [{name: who, value: world}]}
`);
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'r');
    expect(run.metadata.labels).toMatchObject({ 'tekton.dev/task': 't', team: 'a' });
    expect(home.host.plans[0]?.steps[0]).toMatchObject({
      argv: ['echo', 'world', 'h'],
      user: '65532',
      workingDir: '/image',
      env: { PATH: '/bin', HOME_OF: 'h' },
    });
    expect((await home.record(run)).definitions[0]).toMatchObject({ name: 't', source: { kind: 'store', uri: 'ns/tasks/t' } });
  });

  test.each([
    ['a step that fails', 'exit 42', 'StepFailed', '"step-s" exited with code 42: Error'],
    ['a step without memory', 'oom', 'StepOOM', '"step-s" exited with code 255: OOMKilled'],
    ['a host that dies', 'die', 'Failed', 'the runner host went away while the steps were running'],
    ['results that are too long', `result out ${'x'.repeat(5000)}`, 'StepFailed', '"step-s" exited with code 1: Error'],
  ])('%s', async (_name, script, reason, message) => {
    await home.start();
    await home.apply(inline('f', script));
    const run = await home.finished<TaskRun>('TaskRun', 'f');
    expect(run.status?.conditions?.[0]).toMatchObject({ status: 'False', reason, message });
    expect((await home.record(run)).outcome).toMatchObject({ succeeded: false, reason });
  });

  test('an image that cannot be had, a Task that is not there, a Secret that is missing', async () => {
    await home.start();
    await home.apply(inline('i', 'exit 0').replace('registry.example/tool:1', 'registry.example/missing:1'));
    await home.apply('apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: {name: t}\nspec: {taskRef: {name: absent}}');
    await home.apply(
      inline('s', 'exit 0').replace(
        '      script:',
        '      env: [{name: A, valueFrom: {secretKeyRef: {name: absent, key: k}}}]\n      script:',
      ),
    );
    expect((await home.finished<TaskRun>('TaskRun', 'i')).status?.conditions?.[0]).toMatchObject({ reason: 'TaskRunImagePullFailed' });
    expect((await home.finished<TaskRun>('TaskRun', 't')).status?.conditions?.[0]).toMatchObject({
      reason: 'TaskRunResolutionFailed',
      message: 'error when listing tasks for taskRun t: tasks.tekton.dev "absent" not found',
    });
    const secret = await home.finished<TaskRun>('TaskRun', 's');
    expect(secret.status?.conditions?.[0]).toMatchObject({ reason: 'CreateContainerConfigError' });
    expect(secret.status?.steps?.[0]?.waiting).toEqual({ reason: 'CreateContainerConfigError', message: 'secret "absent" not found' });
    expect(home.host.plans).toEqual([]);
  });

  test('is tried again as often as it says, and tells of each attempt', async () => {
    await home.start();
    await home.apply(inline('r', 'exit 1', 'retries: 2'));
    const run = await home.finished<TaskRun>('TaskRun', 'r');
    expect(run.status?.retriesStatus?.map(({ podName }) => podName)).toEqual(['r-pod', 'r-pod-retry1']);
    expect(run.status?.podName).toBe('r-pod-retry2');
    expect(home.host.plans).toHaveLength(3);
  });

  test('ends when its time is up', async () => {
    await home.start();
    await home.apply(inline('t', 'sleep 60000', 'timeout: 200ms'));
    const run = await home.finished<TaskRun>('TaskRun', 't');
    expect(run.status?.conditions?.[0]).toMatchObject({ reason: 'TaskRunTimeout', message: 'TaskRun "t" failed to finish within "200ms"' });
    expect(run.status?.steps?.[0]).toMatchObject({
      terminationReason: 'TaskRunTimeout',
      terminated: { message: 'Step s terminated as pod t-pod is terminated' },
    });
  });

  test('ends when it is cancelled, running or not yet begun', async () => {
    await home.start();
    await home.apply(inline('c', 'sleep 60000'));
    while (home.host.plans.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await home.store.patch(taskRunType, 'ns', 'c', { spec: { status: 'TaskRunCancelled', statusMessage: 'by a test' } }, 'merge');
    const run = await home.finished<TaskRun>('TaskRun', 'c');
    expect(run.status?.conditions?.[0]).toMatchObject({ reason: 'TaskRunCancelled', message: 'TaskRun "c" was cancelled. by a test' });
    await home.apply(inline('p', 'exit 0', 'status: TaskRunCancelled'));
    const never = await home.finished<TaskRun>('TaskRun', 'p');
    expect(never.status).toMatchObject({ podName: '', conditions: [{ reason: 'TaskRunCancelled' }] });
    expect(never.status?.steps).toBeUndefined();
  });

  test('waits while it is pending', async () => {
    const controller = await home.start();
    await home.apply(inline('w', 'exit 0', 'status: TaskRunPending'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await controller.idle();
    expect((await home.taskRun('w')).status?.conditions?.[0]).toMatchObject({ status: 'Unknown', reason: 'TaskRunPending' });
    await home.store.patch(taskRunType, 'ns', 'w', { spec: { status: null } }, 'merge');
    expect((await home.finished<TaskRun>('TaskRun', 'w')).status?.conditions?.[0]?.status).toBe('True');
  });

  test('of another controller is left alone', async () => {
    const controller = await home.start();
    await home.apply(inline('m', 'exit 0', 'managedBy: example.com/other'));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await controller.idle();
    expect((await home.taskRun('m')).status).toBeUndefined();
  });
});
