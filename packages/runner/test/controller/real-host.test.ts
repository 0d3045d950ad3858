import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectIpc } from '@colophon/core';
import type { PipelineRun, TaskRun } from '@colophon/pipeline';
import { ipcTaskHost } from '../../src/controller/index.ts';
import { taskRunType } from '../../src/controller/resources.ts';
import { testHost, whyNot, type TestHost } from '../support/host.ts';
import { house, type House } from './house.ts';

const head = (kind: string, name: string) => `apiVersion: tekton.dev/v1\nkind: ${kind}\nmetadata: {name: ${name}}\n`;

describe.skipIf(whyNot() !== undefined)('the controller with the host itself', () => {
  let real: TestHost;
  let home: House;
  beforeAll(async () => {
    real = await testHost();
    home = await house({ host: ipcTaskHost(() => connectIpc(join(real.data, 'runner.sock'))), data: real.data, image: real.image });
    await home.start();
  });
  afterAll(async () => {
    await home.close();
    await real.close();
  });

  const log = (run: TaskRun, step: string) => readFileSync(join(real.data, 'runs', run.metadata.uid ?? '', `step-${step}.log`), 'utf8');

  it('runs steps with params, env, secrets, workspaces and results', async () => {
    await home.apply(`
apiVersion: v1
kind: Secret
metadata: {name: key}
data: {token: aHVzaC1odXNo}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: conf}
data: {file: from the map}
---
${head('TaskRun', 'all')}spec:
  params: [{name: who, value: [you, me]}]
  workspaces:
  - {name: tmp, emptyDir: {}}
  - {name: conf, configMap: {name: conf}}
  taskSpec:
    params: [{name: who, type: array}]
    results: [{name: said}]
    workspaces: [{name: tmp}, {name: conf, readOnly: true}]
    stepTemplate: {env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: key, key: token}}}]}
    steps:
    - name: first
      image: registry.example/busybox
      command: [sh, -c, 'echo "$0 $1 $TOKEN" > $(workspaces.tmp.path)/f; echo $TOKEN']
      args: ["$(params.who[*])"]
    - name: second
      image: registry.example/busybox
      workingDir: $(workspaces.tmp.path)
      script: |
        #!/bin/sh
        read a b rest < f
        printf '%s' "$a-$b" > $(results.said.path)
        cat $(workspaces.conf.path)/file; pwd
`);
    const run = await home.finished<TaskRun>('TaskRun', 'all');
    expect(run.status?.conditions?.[0]).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(run.status?.results).toEqual([{ name: 'said', type: 'string', value: 'you-me' }]);
    expect(log(run, 'first')).not.toContain('hush-hush');
    expect(log(run, 'second')).toBe('from the map/workspace/tmp\n');
  });

  it('runs a pipeline over a shared claim, finally after a failure', async () => {
    await home.apply(`${head('PipelineRun', 'shared')}spec:
  workspaces: [{name: w, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}}}]
  pipelineSpec:
    workspaces: [{name: w}]
    tasks:
    - name: write
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        results: [{name: count}]
        steps: [{name: s, image: busybox, script: 'printf 7 > $(workspaces.w.path)/n; printf 7 > $(results.count.path)'}]
    - name: read
      workspaces: [{name: w}]
      taskSpec:
        workspaces: [{name: w}]
        params: [{name: count}]
        steps: [{name: s, image: busybox, script: 'test "$(cat $(workspaces.w.path)/n)" = $(params.count) && exit 3'}]
      params: [{name: count, value: $(tasks.write.results.count)}]
    finally:
    - name: last
      params: [{name: state, value: $(tasks.read.status)}]
      taskSpec:
        params: [{name: state}]
        results: [{name: saw}]
        steps: [{name: s, image: busybox, script: 'printf $(params.state) > $(results.saw.path)'}]
    results: [{name: saw, value: $(finally.last.results.saw)}]
`);
    const run = await home.finished<PipelineRun>('PipelineRun', 'shared');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'Tasks Completed: 3 (Failed: 1, Cancelled 0), Skipped: 0',
    });
    expect(run.status?.results).toEqual([{ name: 'saw', value: 'Failed' }]);
    const read = await home.taskRun('shared-read');
    expect(read.status?.steps?.[0]?.terminated).toMatchObject({ exitCode: 3, reason: 'Error' });
  });

  it.each([
    ['timeout', { status: 'False', reason: 'TaskRunTimeout', message: 'TaskRun "slow-timeout" failed to finish within "1s"' }],
    ['cancel', { status: 'False', reason: 'TaskRunCancelled' }],
  ])('ends a step by %s', async (how, condition) => {
    const limit = how === 'timeout' ? '  timeout: 1s\n' : '';
    await home.apply(
      `${head('TaskRun', `slow-${how}`)}spec:\n${limit}  taskSpec: {steps: [{name: s, image: busybox, script: "echo begun; sleep 600"}]}\n`,
    );
    if (how === 'cancel') await home.store.patch(taskRunType, 'ns', 'slow-cancel', { spec: { status: 'TaskRunCancelled' } }, 'merge');
    const run = await home.finished<TaskRun>('TaskRun', `slow-${how}`);
    expect(run.status?.conditions?.[0]).toMatchObject(condition);
  });
});
