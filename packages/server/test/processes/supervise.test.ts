import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { connectIpc } from '@colophon/core';
import { supervise, type Supervised } from '../../src/processes/supervise.ts';
import { until } from '../support/runs.ts';
import { place } from '../support/place.ts';

const module = join(import.meta.dirname, 'child.ts');

async function start(
  more: readonly string[] = [],
  exits: string[] = [],
): Promise<{ child: Supervised; socketPath: string; exits: string[] }> {
  const socketPath = join(await place(), 'child.sock');
  const child = await supervise({
    name: 'child',
    module,
    arguments: ['--socket', socketPath, ...more],
    socketPath,
    onExit: (reason) => exits.push(reason),
  });
  onTestFinished(() => child.stop());
  return { child, socketPath, exits };
}
const pid = async (child: Supervised) => (await child.ready()).call<number>('pid', {});
/** Does it run? What has ended, and waits for its parent to notice, does not. */
function alive(process_: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${process_}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

it('starts the process, and ends it', async () => {
  const { child } = await start();
  const first = await pid(child);
  expect(first).toBe(child.pid);
  await child.stop();
  expect(alive(first)).toBe(false);
});

it.each([
  ['is killed', (child: Supervised) => void process.kill(child.pid as number, 'SIGKILL')],
  [
    'ends by itself',
    (child: Supervised) =>
      void child
        .client()
        .call('end', {})
        .catch(() => {}),
  ],
])('starts another one when it %s, and says so', async (_, end) => {
  const { child, exits } = await start();
  const first = await pid(child);
  end(child);
  const second = await until(async () => {
    const now = await pid(child).catch(() => undefined);
    return now === first ? undefined : now;
  });
  expect([exits.length, alive(first), alive(second)]).toEqual([1, false, true]);
});

it('connects again when the connection breaks, and the process stays', async () => {
  const { child, exits } = await start();
  const first = await pid(child);
  const broken = child.client();
  await broken.call('hangUp', {}).catch(() => {});
  await broken.closed;
  expect([await pid(child), exits]).toEqual([first, []]);
});

it('says why it does not start, and leaves nothing running', async () => {
  const socketPath = join(await place(), 'child.sock');
  await expect(supervise({ name: 'child', module, arguments: ['--socket', socketPath, '--fail'], socketPath })).rejects.toMatchObject({
    code: 'SERVER_PROCESS_FAILED',
    message: expect.stringContaining('it does not start'),
  });
});

/** A supervisor that is killed: its child ends, but only after a while. */
async function orphan(socketPath: string, linger: number): Promise<number> {
  const parent = spawn(
    process.execPath,
    ['--conditions=colophon-source', join(import.meta.dirname, 'parent.ts'), module, socketPath, '--linger', String(linger)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  return Number(line.toString());
}

it.each([300, 60_000])(
  'waits for the process of a killed predecessor to go, which takes %d ms by itself: it would answer, and take the socket away',
  async (linger) => {
    const socketPath = join(await place(), 'child.sock');
    const old = await orphan(socketPath, linger);
    expect(alive(old)).toBe(true);
    const child = await supervise({ name: 'child', module, arguments: ['--socket', socketPath], socketPath });
    onTestFinished(() => child.stop());
    expect([alive(old), await pid(child)]).toEqual([false, child.pid]);
    // The socket is still there for whoever connects next.
    const another = await connectIpc(socketPath);
    expect(await another.call('pid', {})).toBe(child.pid);
    another.close();
  },
);
