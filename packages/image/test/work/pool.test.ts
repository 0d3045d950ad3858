// A build may end at any moment, while its workers read packages by native code that must not lose its thread.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { file } from '../../src/tar/entry.ts';
import { createGate } from '../../src/work/gate.ts';
import type { PackageJob } from '../../src/work/job.ts';
import { createLayerPool } from '../../src/work/pool.ts';
import { makeArchive, temporaryDirectory, time } from '../support/deb.ts';

const givenUp = expect.objectContaining({ code: 'CORE_WORKER_FAILED' });

function jobs(count: number, bytes: number): PackageJob[] {
  const { lock, debs } = makeArchive(
    Array.from({ length: count }, (_, index) => ({
      name: `p${index}`,
      entries: ['a', 'b'].map((name) => file(`${name}${index}`, randomBytes(bytes).toString('hex'), { mtime: time })),
    })),
  );
  return lock.packages.map(({ name, version, architecture, sha256, size }) => ({
    kind: 'package',
    deb: debs(sha256),
    size,
    expected: { name, version, architecture, sha256 },
    options: { use: 'files', links: [] },
    limits: {},
  }));
}

describe('the pool', () => {
  test('closes at any moment: what is not finished rejects, and so does what comes later', async () => {
    for (const pause of [0, 30, 60, 120, 240]) {
      const pool = createLayerPool(temporaryDirectory(), 2);
      pool.expect(4);
      const [later, ...now] = jobs(5, 200_000) as [PackageJob, ...PackageJob[]];
      const running = Promise.allSettled(now.map((job) => pool.run(job)));
      await sleep(pause);
      await pool.close();
      for (const result of await running) if (result.status === 'rejected') expect(result.reason).toEqual(givenUp);
      await expect(pool.run(later)).rejects.toEqual(givenUp);
    }
  });

  test('workers that were expected and got nothing to do end with it', async () => {
    const pool = createLayerPool(temporaryDirectory(), 2);
    pool.expect(2);
    await pool.close();
  });

  test('gives the largest first to whoever is free', async () => {
    const pool = createLayerPool(temporaryDirectory(), 1);
    const sizes = [3, 1, 2];
    const done: number[] = [];
    const some = jobs(sizes.length, 1000).map((job, index) => ({ ...job, size: sizes[index] as number }));
    // The first takes the one worker; the others wait for it.
    await Promise.all(some.map(async (job) => (await pool.run(job), done.push(job.size))));
    expect(done).toEqual([3, 2, 1]);
    await pool.close();
  });
});

describe('the gate between a pool and a worker', () => {
  test('shut while the worker reads: says so, and the reading ends at its next check', async () => {
    const gate = createGate();
    const theirs = createGate(gate.shared);
    const started = Promise.withResolvers<void>();
    const going = Promise.withResolvers<void>();
    const reading = theirs.pass(async (check) => {
      started.resolve();
      await going.promise;
      check();
    });
    await started.promise;
    expect(gate.shut()).toBe(true);
    going.resolve();
    await expect(reading).rejects.toEqual(givenUp);
  });

  test('shut before: nothing is read; shut after: nobody need be waited for', async () => {
    const gate = createGate();
    expect(await createGate(gate.shared).pass(() => Promise.resolve('read'))).toBe('read');
    expect(gate.shut()).toBe(false);
    let read = false;
    await expect(createGate(gate.shared).pass(() => Promise.resolve((read = true)))).rejects.toEqual(givenUp);
    expect(read).toBe(false);
  });

  test('shut as the last entry was read: what was read is dropped', async () => {
    const gate = createGate();
    await expect(createGate(gate.shared).pass(() => Promise.resolve(gate.shut()))).rejects.toEqual(givenUp);
  });
});
