// A step in the sandbox beside bare bubblewrap, and a task of one step, in the same run: `node bench/step.ts [rounds]`, as root.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { connectIpc, digestOf, type Digest } from '@colophon/core';
import { writeTar } from '@colophon/image';
import { mediaTypes } from '@colophon/oci';
import { openBlobStore } from '@colophon/store';
import { startRunnerHost, type TaskEvent } from '@colophon/runner';

const rounds = Number(process.argv[2] ?? 50);
const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => spawnSync(path, ['true']).status === 0);
if (busybox === undefined || process.getuid?.() !== 0) {
  console.error('bench/step needs root and busybox-static');
  process.exit(2);
}

const data = mkdtempSync(join(tmpdir(), 'colophon-bench-'));
const blobs = await openBlobStore(join(data, 'blobs'));
const entry = { uid: 0, gid: 0, mtime: 0, mode: 0o755 };
const layer = Buffer.from(
  writeTar([
    { ...entry, path: 'bin', type: 'directory' },
    { ...entry, path: 'bin/busybox', type: 'file', content: readFileSync(busybox) },
    { ...entry, path: 'bin/true', type: 'symlink', linkTarget: 'busybox' },
  ]),
);
const put = async (bytes: Buffer, mediaType: string) => ({ mediaType, ...(await blobs.put(bytes)) });
const config = Buffer.from(
  JSON.stringify({ architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }),
);
const manifest = {
  schemaVersion: 2,
  mediaType: mediaTypes.manifest,
  config: await put(config, mediaTypes.config),
  layers: [await put(layer, mediaTypes.layer)],
};
const digest: Digest = (await blobs.put(Buffer.from(JSON.stringify(manifest)))).digest;

const socketPath = join(data, 'host.sock');
const host = await startRunnerHost({ data, socketPath });
const client = await connectIpc(socketPath);
await client.call('prepareImage', { digest });
const rootfs = join(data, 'runner', 'rootfs', digest.slice('sha256:'.length));

const step = (name: string) => ({
  name,
  container: `step-${name}`,
  image: { digest },
  argv: ['/bin/true'],
  env: {},
  workingDir: '/',
  user: '',
  mounts: [],
  onError: 'stopAndFail' as const,
});
let count = 0;
const plan = (steps: number) => ({
  uid: `bench-${count++}`,
  namespace: 'bench',
  name: 'bench',
  volumes: [],
  results: [],
  steps: Array.from({ length: steps }, (_none, index) => step(`s${index}`)),
});

/** Bubblewrap with the namespaces of a step and nothing else. */
async function bare(): Promise<number> {
  const started = performance.now();
  const args = ['--ro-bind', rootfs, '/', '--proc', '/proc', '--dev', '/dev', '--unshare-all', '--', '/bin/true'];
  await new Promise<void>((resolve) => void spawn('bwrap', args, { stdio: 'ignore' }).once('close', () => resolve()));
  return performance.now() - started;
}

/** The time of a task, and of each of its steps from the event that it started to the event that it finished. */
async function task(steps: number): Promise<{ all: number; each: number[] }> {
  const each: number[] = [];
  let at = 0;
  const started = performance.now();
  await client.call('runTask', plan(steps), {
    onEvent: (event: TaskEvent) => {
      if (event.type === 'step-started') at = performance.now();
      if (event.type === 'step-finished') each.push(performance.now() - at);
    },
  });
  return { all: performance.now() - started, each };
}

const bareTimes: number[] = [];
const taskTimes: number[] = [];
const stepTimes: number[] = [];
for (let round = 0; round < 3; round += 1) await Promise.all([bare(), task(1)]);
// Taken in turns, so that what else the machine does falls on all alike.
for (let round = 0; round < rounds; round += 1) {
  bareTimes.push(await bare());
  const { all, each } = await task(1);
  taskTimes.push(all);
  stepTimes.push(...each);
}
const sorted = (times: number[]) => times.toSorted((left, right) => left - right);
const at = (times: number[], share: number) => sorted(times)[Math.floor((times.length - 1) * share)] ?? Number.NaN;
const line = (name: string, times: number[]) =>
  console.log(
    `${name.padEnd(28)} best ${at(times, 0).toFixed(1).padStart(6)} ms   p50 ${at(times, 0.5).toFixed(1).padStart(6)} ms   p90 ${at(times, 0.9).toFixed(1).padStart(6)} ms`,
  );
console.log(`${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Linux ${release()}, ${rounds} rounds`);
line('bare bubblewrap', bareTimes);
line('a step', stepTimes);
line('a task of one step', taskTimes);
console.log(
  `a step over bare bubblewrap: ${(at(stepTimes, 0.5) - at(bareTimes, 0.5)).toFixed(1)} ms, ratio ${(at(stepTimes, 0.5) / at(bareTimes, 0.5)).toFixed(2)}`,
);
console.log(`a task of one step over bare bubblewrap: ratio ${(at(taskTimes, 0.5) / at(bareTimes, 0.5)).toFixed(2)}`);
client.close();
await host.close();
rmSync(data, { recursive: true, force: true });
