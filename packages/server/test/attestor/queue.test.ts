import { expect, it } from 'vitest';
import { createRetryQueue } from '../../src/attestor/queue.ts';

it('tries what failed again until it succeeds, while others go on', async () => {
  const failures = new Map([['a', 3]]);
  const log: string[] = [];
  const queue = createRetryQueue<string>({
    parallel: 1,
    delay: 1,
    work: async (item) => {
      const left = failures.get(item) ?? 0;
      failures.set(item, left - 1);
      if (left > 0) throw new Error('away');
      log.push(item);
    },
    onFailure: (item, _error, attempt) => log.push(`${item} failed ${attempt}`),
  });
  for (const item of ['a', 'b', 'c']) queue.add(item, item);
  expect(queue.size).toBe(3);
  await queue.idle();
  expect(log.toSorted()).toEqual(['a', 'a failed 1', 'a failed 2', 'a failed 3', 'b', 'c']);
  expect(log.indexOf('b')).toBeLessThan(log.indexOf('a'));
});

it('runs a key once at a time, and once more if it was added meanwhile', async () => {
  let active = 0;
  let runs = 0;
  const queue = createRetryQueue<number>({
    parallel: 8,
    onFailure: () => {},
    work: async () => {
      active += 1;
      expect(active).toBe(1);
      runs += 1;
      if (runs === 1) for (let count = 0; count < 5; count += 1) queue.add('key', count);
      await new Promise((resolve) => setTimeout(resolve, 2));
      active -= 1;
    },
  });
  queue.add('key', 0);
  await queue.idle();
  expect(runs).toBe(2);
});

it('stops without starting more', async () => {
  let runs = 0;
  const queue = createRetryQueue<number>({
    parallel: 1,
    delay: 1,
    onFailure: () => {},
    work: async () => {
      runs += 1;
      throw new Error('x');
    },
  });
  queue.add('a', 1);
  await queue.stop();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(runs).toBeLessThanOrEqual(1);
});
