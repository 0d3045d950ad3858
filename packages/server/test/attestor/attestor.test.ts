import { expect, it, onTestFinished } from 'vitest';
import { startAttestor, type Attestor } from '../../src/attestor/attestor.ts';
import { resources } from '../../src/index.ts';
import { attestingHouse, type AttestingHouse } from '../support/attesting.ts';
import { place } from '../support/place.ts';

async function house(): Promise<AttestingHouse> {
  const made = await attestingHouse(await place());
  onTestFinished(() => made.close());
  return made;
}

/** Waits until the build is complete, as the store tells it. */
async function complete({ store }: AttestingHouse, name: string): Promise<void> {
  const { resourceVersion, items } = await store.list(resources.builds);
  const done = (object: { status?: { phase?: string }; metadata: { name?: string } }) =>
    object.metadata.name === name && object.status?.phase === 'Complete';
  if (items.some(done)) return;
  for await (const { object } of store.watch(resources.builds, undefined, { resourceVersion })) if (done(object)) return;
}

it('attests what was finished before it started, and what finishes later, and leaves children to their parents', async () => {
  const made = await house();
  const image = await made.image('app');
  await made.build('earlier', [image]);
  await made.store.create(resources.builds, {
    apiVersion: 'colophon.dev/v1',
    kind: 'Build',
    metadata: { name: 'child', namespace: 'default' },
    spec: { text: 'child', images: [image], parent: { name: 'earlier' } },
  });
  const attestor = await startAttestor(made.options);
  onTestFinished(() => attestor.stop());
  await made.build('later', [image]);
  await Promise.all(['earlier', 'later'].map((name) => complete(made, name)));
  await attestor.queue.idle();
  expect(await made.status('child')).toBeUndefined();
  expect(await made.layers(image, 'att')).toHaveLength(2);
});

it('tries again when signer, log or registry come back, and holds nobody else up', async () => {
  const made = await house();
  const left = new Map([
    ['signer.signStatement', 1],
    ['log.append', 1],
    ['registry.putManifest', 1],
  ]);
  made.fault = (operation, moment) => {
    const times = left.get(operation) ?? 0;
    if (moment !== 'before' || times === 0) return;
    left.set(operation, times - 1);
    throw new Error(`${operation} is away`);
  };
  const attestor = await startAttestor(made.options);
  onTestFinished(() => attestor.stop());
  const image = await made.image('app');
  await made.build('unlucky', [image]);
  await complete(made, 'unlucky');
  expect([...left.values()]).toEqual([0, 0, 0]);
  expect(await made.layers(image, 'att')).toHaveLength(1);
});

it('stopped in the middle, the next one goes on from what was written down', async () => {
  const made = await house();
  const image = await made.image('app');
  let attestor: Attestor | undefined;
  const stopped = Promise.withResolvers<void>();
  made.fault = (operation) => {
    if (!operation.startsWith('registry.')) return;
    // As a process that is told to end: it starts nothing more.
    void attestor?.stop().then(stopped.resolve);
    throw new Error('the registry is away');
  };
  await made.build('cut', [image]);
  attestor = await startAttestor(made.options);
  await stopped.promise;
  const before = await made.status('cut');
  expect(before?.phase).toBe('Signed');
  expect(await made.layers(image, 'att')).toEqual([]);

  made.fault = () => {};
  const next = await startAttestor(made.options);
  onTestFinished(() => next.stop());
  await complete(made, 'cut');
  expect((await made.status('cut'))?.items.map(({ signed }) => signed)).toEqual(before?.items.map(({ signed }) => signed));
  expect(await made.layers(image, 'att')).toHaveLength(1);
});
