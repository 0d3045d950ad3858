// TaskRuns on a real server, from their creation to Succeeded as a watching client sees it, and the same step on bare bubblewrap beside them.
// Run as root: npm run build && node bench/taskrun.ts [--runs 50]   (bubblewrap and busybox-static are needed)
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inTurn, median, percentile, wholeProcess } from './support/measure.ts';
import { report, type Figure } from './support/report.ts';
import { benchServer, type BenchServer } from './support/server.ts';
import { busyboxLayer, clientOf, pushImage, whyNot } from './support/step-image.ts';
import { succeeded, watchEnds } from './support/watch.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '50' } } });
const runs = Number(values.runs);
const manySteps = 11;
/** Measured on a real Kubernetes 1.37 with Tekton, on two processors and 24 GiB, 2026-11-23; not in this run. */
const tekton = (value: number) => ({ name: 'Tekton on Kubernetes', value, recorded: true });
const namespace = '/kubernetes/apis/tekton.dev/v1/namespaces/default';

const step = (image: string, name: string) => ({ name, image, command: ['/bin/true'] });
let made = 0;

/** Kinds of runs, each with the moment of its end as a watch tells it. */
async function starter(server: BenchServer, image: string) {
  const tasks = await watchEnds(server, `${namespace}/taskruns`, succeeded);
  const pipelines = await watchEnds(server, `${namespace}/pipelineruns`, succeeded);
  const create = async (kind: 'TaskRun' | 'PipelineRun', spec: object): Promise<number> => {
    const name = `bench-${made++}`;
    const started = performance.now();
    await server.send('POST', `${namespace}/${kind.toLowerCase()}s`, { apiVersion: 'tekton.dev/v1', kind, metadata: { name }, spec });
    return (await (kind === 'TaskRun' ? tasks : pipelines).of(name)) - started;
  };
  return {
    taskRun: (steps = 1) =>
      create('TaskRun', { taskSpec: { steps: Array.from({ length: steps }, (_step, index) => step(image, `s${index}`)) } }),
    pipelineRun(length: number) {
      const taskOf = (index: number) => ({
        name: `t${index}`,
        taskSpec: { steps: [step(image, 's')] },
        ...(index === 0 ? {} : { runAfter: [`t${index - 1}`] }),
      });
      return create('PipelineRun', { pipelineSpec: { tasks: Array.from({ length }, (_task, index) => taskOf(index)) } });
    },
    close() {
      tasks.close();
      pipelines.close();
    },
  };
}

async function measure(server: BenchServer, root: string): Promise<Figure[]> {
  const layer = busyboxLayer();
  execFileSync('tar', ['-x', '-C', root], { input: layer });
  const { digest } = await pushImage(clientOf(server), 'bench/busybox', layer);
  const start = await starter(server, `${server.registryHost}/bench/busybox@${digest}`);
  const bare = ['--unshare-all', '--die-with-parent', '--bind', root, '/', '--proc', '/proc', '--dev', '/dev', '--', '/bin/true'];
  try {
    for (let warm = 0; warm < 5; warm += 1) await start.taskRun();
    const times = await inTurn(runs, { one: () => start.taskRun(), bubblewrap: () => wholeProcess('bwrap', bare) });
    const many = await inTurn(Math.ceil(runs / 5), { many: () => start.taskRun(manySteps), one: () => start.taskRun() });
    const perStep = (median(many.many) - median(many.one)) / (manySteps - 1);
    const pipelines = await inTurn(10, { three: () => start.pipelineRun(3) });
    const twenty = await inTurn(3, { twenty: () => Promise.all(Array.from({ length: 20 }, () => start.taskRun())) });
    const bubblewrap = median(times.bubblewrap);
    return [
      {
        what: `one-step TaskRun, create to Succeeded, p50 of ${runs}`,
        unit: 'ms',
        ours: median(times.one),
        peer: tekton(3030),
        goal: { atMost: 150 },
      },
      { what: `one-step TaskRun, p90`, unit: 'ms', ours: percentile(times.one, 0.9), peer: tekton(4030) },
      {
        what: 'a further step of a TaskRun, start to end',
        unit: 'ms',
        ours: perStep,
        peer: { name: 'bare bubblewrap', value: bubblewrap },
      },
      { what: 'a step over bare bubblewrap', unit: 'ms', ours: perStep - bubblewrap, goal: { atMost: 20 } },
      { what: 'PipelineRun of three sequential tasks, p50 of 10', unit: 's', ours: median(pipelines.three) / 1000, peer: tekton(14.1) },
      { what: 'twenty TaskRuns at once, all Succeeded, p50 of 3', unit: 's', ours: median(twenty.twenty) / 1000, peer: tekton(27.4) },
    ];
  } finally {
    start.close();
  }
}

const missing = whyNot();
if (missing !== undefined) console.log(`not measured: ${missing}`);
else {
  const root = mkdtempSync(join(tmpdir(), 'colophon-bench-root-'));
  const server = await benchServer();
  try {
    report(await measure(server, root));
  } finally {
    await server.close();
    rmSync(root, { recursive: true, force: true });
  }
}
