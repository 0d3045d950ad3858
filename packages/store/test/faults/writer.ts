// Writes through the store until it is killed; says on its output what each call has acknowledged, at once and in order.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { durable, openBlobStore, openObjectStore } from '@colophon/store';
import { runs } from '../support/types.ts';

const directory = process.argv[2] as string;
const life = process.argv[3] as string;
const acknowledge = (...words: (string | number)[]) => writeSync(1, `${words.join(' ')}\n`);
export const payload = (seed: string) => createHash('sha512').update(seed).digest('hex').repeat(20);

const store = await openObjectStore(join(directory, 'objects.sqlite'));
const blobs = await openBlobStore(join(directory, 'blobs'));
await durable.createDirectory(join(directory, 'files'));
const log = await durable.openAppend(join(directory, 'log'));
acknowledge('ready');

async function objects(writer: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const name = `life-${life}-${writer}-${count}`;
    const made = await store.create(runs, {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { name, namespace: 'default' },
      spec: { payload: payload(name) },
    });
    acknowledge('object', name, made.metadata.resourceVersion as string);
    const done = await store.updateStatus(runs, { ...made, status: { payload: payload(`${name} status`) } });
    acknowledge('object', name, done.metadata.resourceVersion as string);
    if (count % 3 === 0) {
      await store.delete(runs, 'default', name);
      acknowledge('deleted', name);
    }
  }
}

async function content(writer: number): Promise<void> {
  for (let count = 0; ; count += 1) {
    const name = `life-${life}-${writer}-${count}`;
    const { digest } = await blobs.put(Buffer.from(payload(name)));
    acknowledge('blob', digest);
    await durable.writeFile(join(directory, 'files', `${writer}`), payload(name));
    acknowledge('file', writer, name);
    await durable.createFile(join(directory, 'files', name), payload(name));
    acknowledge('file', name, name);
  }
}

async function appends(): Promise<void> {
  for (;;) {
    const at = log.size();
    await log.append(Buffer.from(`${String(at).padStart(15, '0')}\n`));
    await log.sync();
    acknowledge('log', log.size());
  }
}

await Promise.all([...Array.from({ length: 8 }, (_, writer) => objects(writer)), content(0), content(1), appends()]);
