import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { admit, isDone, parseDocuments, type PipelineRun, type TaskRun } from '@colophon/pipeline';
import { openObjectStore, type KubeObject } from '@colophon/store';
import type { BuildRecord } from '../../src/controller/index.ts';
import { buildType, pipelineRunType, taskRunType } from '../../src/controller/resources.ts';
import { house, type House } from './house.ts';

let home: House | undefined;
afterEach(async () => {
  await home?.close();
  home = undefined;
});

const taskRun = (name: string, script: string, extra = '') => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ${name}}
spec: {${extra} taskSpec: {steps: [{name: s, image: i, script: ${JSON.stringify(script)}}]}}
`;

describe('what a process left when it ended', () => {
  test('a run whose steps had begun fails with the reason, and its steps are not run again', async () => {
    home = await house();
    const first = await home.start();
    await home.apply(taskRun('r', 'sleep 60000'));
    while (home.host.plans.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.close();
    expect((await home.taskRun('r')).status?.conditions?.[0]?.reason).toBe('Running');
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'r');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'TaskRun "r" was interrupted: the process that ran it ended',
    });
    expect(run.status?.steps?.[0]).toMatchObject({ name: 's', terminated: { reason: 'Failed' } });
    expect(home.host.plans).toHaveLength(1);
    expect((await home.record(run)).outcome.succeeded).toBe(false);
  });

  test('an interrupted attempt is a failed one: a retry that is left is taken', async () => {
    home = await house();
    const first = await home.start();
    await home.apply(taskRun('r', 'sleep 300', 'retries: 1,'));
    while (home.host.plans.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await first.close();
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'r');
    expect(run.status?.conditions?.[0]?.status).toBe('True');
    expect(run.status?.retriesStatus?.[0]?.conditions?.[0]).toMatchObject({ reason: 'Failed' });
  });

  test('a record that was written and a status that was not: the run ends as its record says', async () => {
    home = await house();
    const first = await home.start();
    await home.apply(taskRun('r', 'exit 0'));
    const done = await home.finished<TaskRun>('TaskRun', 'r');
    await first.close();
    const running = {
      ...done.status,
      conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running', message: '' }],
      completionTime: undefined,
    };
    await home.store.updateStatus(taskRunType, {
      ...(done as unknown as KubeObject),
      metadata: { name: 'r', namespace: 'ns' },
      status: running,
    });
    await home.start();
    const again = await home.finished<TaskRun>('TaskRun', 'r');
    expect(again.status).toEqual(done.status);
    expect(home.host.plans).toHaveLength(1);
  });

  test('killed with SIGKILL over and over, every run ends, no task begins twice, every end has its record', async () => {
    const data = await mkdtemp(join(tmpdir(), 'colophon-crash-'));
    const kills = 8;
    const runs = 10;
    try {
      const before = await openObjectStore(join(data, 'objects.sqlite'));
      const namespace = 'ns';
      const put = async (yaml: string) => {
        for (const { value } of parseDocuments(yaml)) {
          const object = admit(value) as unknown as KubeObject;
          const type = object.kind === 'TaskRun' ? taskRunType : pipelineRunType;
          await before.create(type, { ...object, metadata: { ...object.metadata, namespace } });
        }
      };
      for (let index = 0; index < runs; index += 1) {
        await put(taskRun(`t${index}`, `sleep ${index * 40}`));
        await put(`
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p${index}}
spec:
  pipelineSpec:
    tasks:
    - {name: a, retries: 9, taskSpec: {steps: [{name: s, image: i, script: sleep ${index * 25}}]}}
    - {name: b, runAfter: [a], retries: 9, taskSpec: {steps: [{name: s, image: i, script: sleep 120}]}}
`);
      }
      await before.close();
      for (let kill = 0; kill < kills; kill += 1) await runAndKill(data, 40 + kill * 35);
      const end = await runAndKill(data, undefined);
      const after = await openObjectStore(join(data, 'objects.sqlite'));
      const tasks = (await after.list(taskRunType)).items as unknown as TaskRun[];
      const pipelines = (await after.list(pipelineRunType)).items as unknown as PipelineRun[];
      const builds = new Map((await after.list(buildType)).items.map(({ metadata, spec }) => [metadata.name, spec as BuildRecord]));
      await after.close();
      expect(end).toBe('ended');
      expect(pipelines.map(({ status }) => isDone(status))).toEqual(pipelines.map(() => true));
      for (const run of [...tasks, ...pipelines]) {
        expect(isDone(run.status)).toBe(true);
        expect(builds.get(run.metadata.uid ?? '')?.status).toEqual(run.status);
      }
      // A run without retries began at most once; one with retries once for each attempt that it tells of, and its last.
      const begun = (await readFile(join(data, 'begun.txt'), 'utf8')).trim().split('\n');
      for (const run of tasks) {
        const times = begun.filter((uid) => uid === run.metadata.uid).length;
        expect(times).toBeLessThanOrEqual(1 + (run.status?.retriesStatus?.length ?? 0));
      }
      console.info(
        `killed ${kills} times: ${tasks.length} TaskRuns and ${pipelines.length} PipelineRuns ended, ${begun.length} tasks begun`,
      );
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });
});

/** Starts a process on the data directory and kills it after so long; without a time once all runs have ended. */
async function runAndKill(data: string, after: number | undefined): Promise<'killed' | 'ended'> {
  const worker = join(import.meta.dirname, 'crash-worker.ts');
  const child = spawn(process.execPath, ['--conditions=colophon-source', worker, data], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  let said = '';
  const says = (word: string) =>
    new Promise<void>((resolve) => {
      const look = () => void (said.includes(word) && resolve());
      child.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        look();
      });
      look();
    });
  const ended = says('ended');
  await says('up');
  if (after === undefined) await ended;
  else await new Promise((resolve) => setTimeout(resolve, after));
  child.kill('SIGKILL');
  await exited;
  return after === undefined ? 'ended' : 'killed';
}
