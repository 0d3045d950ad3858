// Does one durable step after another, and marks on its output where each begins and is acknowledged; strace sees the marks among the system calls.
import { mkdirSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { durable, openBlobStore, openDatabase, openObjectStore } from '@colophon/store';
import { runs } from '../support/types.ts';

const directory = process.argv[2] as string;
const at = (...names: string[]) => join(directory, ...names);
mkdirSync(at('from'));

const log = await durable.openAppend(at('log'));
const blobs = await openBlobStore(at('blobs'));
const store = await openObjectStore(at('objects.sqlite'));
const database = await openDatabase(at('a.sqlite'), { migrations: ['CREATE TABLE t (x)'] });
await writeFile(at('from', 'finished'), 'x');
await writeFile(at('adopted'), 'y');

const steps: Record<string, () => Promise<unknown>> = {
  writeFile: () => durable.writeFile(at('written'), 'x'),
  createFile: () => durable.createFile(at('created'), 'x'),
  createDirectory: () => durable.createDirectory(at('outer', 'inner')),
  moveInto: () => durable.moveInto(at('from', 'finished'), at('moved')),
  removeFile: () => durable.removeFile(at('moved')),
  append: () => log.append(Buffer.from('record')).then(() => log.sync()),
  blob: () => blobs.put(Buffer.from('content')),
  blobAgain: () => blobs.put(Buffer.from('content')),
  blobFile: () => blobs.putFile(at('adopted'), { move: true }),
  database: () => database.run('INSERT INTO t VALUES (1)'),
  object: () => store.create(runs, { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', metadata: { name: 'one', namespace: 'default' } }),
  /** The control: the checker must see that nothing is synced here. */
  careless: () => writeFile(at('careless'), 'x'),
};
for (const [name, step] of Object.entries(steps)) {
  writeSync(1, `BEGIN ${name}\n`);
  await step();
  writeSync(1, `ACKNOWLEDGED ${name}\n`);
}
process.exit(0);
