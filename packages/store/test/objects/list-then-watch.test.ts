import { setImmediate as tick } from 'node:timers/promises';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { errorCode } from '@colophon/core';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { openStore, run, runs } from '../support/objects.ts';

/** A client's copy of the objects, kept by list and watch as an informer keeps it. */
class Replica {
  readonly objects = new Map<string, KubeObject>();
  readonly problems: string[] = [];
  lists = 0;
  #version = 0;
  readonly #store: ObjectStore;
  readonly #limit: number | undefined;
  /** Events after which it drops the connection and comes back at its version. */
  readonly #patience: number;

  constructor(store: ObjectStore, { limit, patience }: { limit: number | undefined; patience: number }) {
    this.#store = store;
    this.#limit = limit;
    this.#patience = patience;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#list();
      try {
        while (!signal.aborted) await this.#watch(signal);
      } catch (error) {
        if (errorCode(error) !== 'STORE_GONE') throw error;
      }
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    let left = this.#patience;
    for await (const { type, object } of this.#store.watch(runs, undefined, { resourceVersion: String(this.#version), signal })) {
      this.#take(type, object);
      left -= 1;
      if (left === 0) break;
    }
    await tick();
  }

  async #list(): Promise<void> {
    this.lists += 1;
    const { items, ...first } = await this.#store.list(runs, undefined, this.#limit === undefined ? {} : { limit: this.#limit });
    let next = first.continue;
    while (next !== undefined) {
      await tick();
      const page: Awaited<ReturnType<ObjectStore['list']>> = await this.#store.list(runs, undefined, {
        limit: this.#limit ?? 1,
        continue: next,
      });
      items.push(...page.items);
      next = page.continue;
    }
    this.objects.clear();
    for (const object of items) this.objects.set(object.metadata.name!, object);
    this.#version = Number(first.resourceVersion);
  }

  #take(type: string, object: KubeObject): void {
    const version = Number(object.metadata.resourceVersion);
    if (version <= this.#version) this.problems.push(`${version} came after ${this.#version}`);
    this.#version = version;
    if (type === 'DELETED') this.objects.delete(object.metadata.name!);
    else this.objects.set(object.metadata.name!, object);
  }

  get version(): number {
    return this.#version;
  }
}

type Write = { kind: 'create' | 'status' | 'label' | 'delete'; name: number };
type Step = Write | { kind: 'pause' } | { kind: 'compact'; keep: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constantFrom('create', 'status', 'label', 'delete'), name: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'pause' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact' as const), keep: fc.nat(10) }) },
);

async function perform(store: ObjectStore, step: Step, count: number): Promise<void> {
  if (step.kind === 'pause') await tick();
  else if (step.kind === 'compact') await store.compact({ versions: step.keep });
  else await write(store, step, count);
}

async function write(store: ObjectStore, step: Write, count: number): Promise<void> {
  const name = `run-${step.name}`;
  const work = {
    create: () => store.create(runs, run(name, { spec: { count } })),
    status: () => store.updateStatus(runs, run(name, { status: { count } })),
    label: () => store.patch(runs, 'default', name, { metadata: { labels: { count: String(count) } } }, 'merge'),
    delete: () => store.delete(runs, 'default', name),
  };
  await work[step.kind]().catch((error: unknown) => {
    if (!['STORE_ALREADY_EXISTS', 'STORE_NOT_FOUND'].includes(errorCode(error) ?? '')) throw error;
  });
}

it('list, then watch from its version: every replica ends with exactly what the store has, whoever wrote, whenever it began', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 5, maxLength: 40 }), { minLength: 2, maxLength: 6 }),
      fc.array(
        fc.record({
          after: fc.nat(30),
          patience: fc.integer({ min: 1, max: 20 }),
          limit: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
        }),
        {
          minLength: 1,
          maxLength: 4,
        },
      ),
      async (writers, readers) => {
        const store = await openStore();
        const controller = new AbortController();
        const replicas = readers.map((reader) => new Replica(store, reader));
        const following = replicas.map(async (replica, index) => {
          for (let at = 0; at < (readers[index]?.after ?? 0); at += 1) await tick();
          await replica.follow(controller.signal);
        });
        await Promise.all(
          writers.map(async (steps, writer) => {
            for (const [index, one] of steps.entries()) await perform(store, one, writer * 1000 + index);
          }),
        );
        // One more change, which every replica has to see in its turn.
        await store.create(runs, run('last'));
        const last = Number((await store.list(runs)).resourceVersion);
        while (replicas.some((replica) => replica.version < last)) await tick();
        controller.abort();
        await Promise.all(following);
        const truth = new Map((await store.list(runs)).items.map((object) => [object.metadata.name, object]));
        for (const replica of replicas) {
          expect(replica.problems).toEqual([]);
          expect(replica.objects).toEqual(truth);
        }
      },
    ),
    { numRuns: 25, endOnFailure: true },
  );
});

it('versions are given in the order in which changes become visible', async () => {
  const store = await openStore();
  const made = await Promise.all(
    Array.from({ length: 500 }, async (_, index) => {
      const { metadata } = await store.create(runs, run(`run-${index}`));
      const { resourceVersion } = await store.list(runs);
      return { mine: Number(metadata.resourceVersion), seen: Number(resourceVersion) };
    }),
  );
  for (const { mine, seen } of made) expect(seen).toBeGreaterThanOrEqual(mine);
  expect(made.map(({ mine }) => mine).toSorted((left, right) => left - right)).toEqual(
    Array.from({ length: 500 }, (_, index) => index + 1),
  );
});
