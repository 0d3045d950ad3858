// A process with a controller that is killed: prints "up", and "ended" once every run has.
import { appendFileSync } from 'node:fs';
import { isDone, type Condition } from '@colophon/pipeline';
import { openObjectStore } from '@colophon/store';
import { join } from 'node:path';
import { startController } from '../../src/controller/index.ts';
import { pipelineRunType, taskRunType } from '../../src/controller/resources.ts';
import { FakeHost } from './fake-host.ts';
import { FakeHouse } from './house.ts';

const data = process.argv[2] as string;
const store = await openObjectStore(join(data, 'objects.sqlite'));
const host = new FakeHost();
const { run } = host;
host.run = (plan, options) => {
  // Every begin of every task, across all processes.
  appendFileSync(join(data, 'begun.txt'), `${plan.uid}\n`);
  return run.call(host, plan, options);
};
const { inputs, images, outputs, masks, relays } = new FakeHouse();
await startController({ store, host, data, inputs, images, outputs, masks, relays, concurrency: 4 });
process.stdout.write('up\n');
for (;;) {
  const lists = await Promise.all([store.list(taskRunType), store.list(pipelineRunType)]);
  if (lists.every(({ items }) => items.every(({ status }) => isDone(status as { conditions?: Condition[] } | undefined)))) break;
  await new Promise((resolve) => setTimeout(resolve, 50));
}
process.stdout.write('ended\n');
