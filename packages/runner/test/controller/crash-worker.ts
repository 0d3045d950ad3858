// A process with a controller that is killed: prints "up", runs until it is.
import { openObjectStore } from '@colophon/store';
import { join } from 'node:path';
import { startController } from '../../src/controller/index.ts';
import { FakeHost } from './fake-host.ts';
import { FakeHouse } from './house.ts';
import { appendFileSync } from 'node:fs';

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
