import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskOutcome } from '@colophon/runner';
import { testHost, whyNot, type TestHost } from '../support/host.ts';
import { copyBlobs, hostProcess } from '../support/host-process.ts';
import { shellStep } from '../support/steps.ts';

const missing = whyNot();
const mark = `colophon-crash-${process.pid}`;

function alive(): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && Number(pid) !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
    } catch {
      return false;
    }
  });
}

/** The loop devices that have a file of this data directory. */
function loops(data: string): string[] {
  return readdirSync('/sys/block')
    .filter((name) => name.startsWith('loop'))
    .map((name) => join('/sys/block', name, 'loop', 'backing_file'))
    .filter((file) => existsSync(file) && readFileSync(file, 'utf8').includes(data));
}

/** Ignores what can be ignored, and has our mark on its command line. */
const waits = `sh -c 'trap "" TERM HUP; while :; do sleep 600; done' ${mark}`;

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
};

describe.skipIf(missing !== undefined)('a host that dies', () => {
  let source: TestHost;
  const data = mkdtempSync(join(tmpdir(), 'colophon-crash-'));
  beforeAll(async () => {
    source = await testHost();
    copyBlobs(source.data, data);
  });
  afterAll(async () => {
    await source.close();
    rmSync(data, { recursive: true, force: true });
  });
  const plan = (uid: string) => ({
    uid,
    namespace: 'default',
    name: 'test',
    volumes: [],
    results: [],
    steps: [shellStep(source, 'a', `(setsid ${waits} &); ${waits}`, { workingDir: '/' })],
  });

  it('takes everything with it when it is killed, and a new one starts clean', async () => {
    const first = await hostProcess(data);
    const lost = first.client.call('runTask', plan('killed')).catch((error: unknown) => error);
    await until(() => alive().length > 0 && loops(data).length > 0);
    first.process.kill('SIGKILL');
    expect(await lost).toMatchObject({ code: 'CORE_IPC_CLOSED' });
    await until(() => alive().length === 0);
    await until(() => loops(data).length === 0);
    const second = await hostProcess(data);
    expect(readdirSync(join(data, 'runner', 'work'))).toEqual([]);
    const again = { ...plan('killed'), steps: [shellStep(source, 'a', 'true')] };
    expect(await second.client.call<TaskOutcome>('runTask', again)).toMatchObject({ steps: [{ exitCode: 0 }] });
    await second.letGo();
  });

  it('ends its tasks when its parent goes away', async () => {
    const host = await hostProcess(data);
    void host.client.call('runTask', plan('orphan')).catch(() => {});
    await until(() => alive().length > 0);
    await host.letGo();
    expect(alive()).toEqual([]);
    expect(readdirSync(join(data, 'runner', 'work'))).toEqual([]);
  });

  it('ends the tasks of a caller whose connection ends, and no others', async () => {
    const host = await hostProcess(data);
    const { connectIpc } = await import('@colophon/core');
    const other = await connectIpc(join(data, 'host.sock'));
    void other.call('runTask', plan('gone')).catch(() => {});
    await until(() => alive().length > 0);
    const stays = host.client.call<TaskOutcome>('runTask', { ...plan('stays'), steps: [shellStep(source, 'a', 'sleep 1')] });
    other.close();
    await until(() => alive().length === 0);
    expect(await stays).toMatchObject({ steps: [{ exitCode: 0 }] });
    await host.letGo();
  });

  it('keeps claims on disks of their own, whose mounts nobody else sees, across a restart', async () => {
    const claim = join(data, 'runner', 'claims', 'default', 'owner', 'ws');
    mkdirSync(claim, { recursive: true });
    const volume = { kind: 'directory', name: 'ws', path: claim, readOnly: false, owned: true, sizeLimit: 16 * 2 ** 20 };
    const run = async (host: Awaited<ReturnType<typeof hostProcess>>, uid: string, script: string) =>
      host.client.call<TaskOutcome>('runTask', {
        ...plan(uid),
        volumes: [volume],
        steps: [shellStep(source, 'a', script, { mounts: [{ volume: 'ws', path: '/ws', readOnly: false }] })],
      });
    const first = await hostProcess(data);
    expect(
      await run(first, 'c1', 'echo kept > /ws/f; dd if=/dev/zero of=/ws/big bs=1M count=40 2>/dev/null && exit 9; rm /ws/big'),
    ).toMatchObject({
      steps: [{ exitCode: 0 }],
    });
    expect(readdirSync(claim)).toEqual([]);
    first.process.kill('SIGKILL');
    await until(() => loops(data).length === 0);
    const second = await hostProcess(data);
    expect(await run(second, 'c2', 'grep kept /ws/f')).toMatchObject({ steps: [{ exitCode: 0 }] });
    expect(await second.client.call('collectLayouts', { directory: join(claim) }).catch((error: unknown) => error)).toMatchObject({
      // The host sees the file that the step left, which is no layout.
      code: 'RUNNER_OUTPUT_INVALID',
    });
    // Removed by ordinary means, the mount goes too.
    rmSync(join(data, 'runner', 'claims', 'default', 'owner'), { recursive: true });
    await until(() => loops(data).length === 0);
    await second.letGo();
  });
});
