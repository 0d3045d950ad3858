// Finished TaskRuns attested a second: their records are created on a real server whose registry holds the images; provenance and signatures are signed by the
// signer process, logged, and stored beside the images in both forms. From the first creation until none is left to be attested (/metrics); then it is
// looked whether every one is Complete. A watch would be work of its own for the server: each status is sent whole.
// Run: npm run build && node bench/attest.ts [--builds 400]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { buildRecord } from './support/build-record.ts';
import { report } from './support/report.ts';
import { benchServer, type BenchServer } from './support/server.ts';
import { clientOf, pushImage } from './support/step-image.ts';

const { values } = parseArgs({ options: { builds: { type: 'string', default: '400' } } });
const count = Number(values.builds);
const builds = '/kubernetes/apis/colophon.dev/v1/namespaces/default/builds';

async function parallel(total: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < total) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, worker));
}

/** Builds a second. */
async function attest(server: BenchServer, from: number, total: number): Promise<number> {
  const client = clientOf(server);
  const layer = Buffer.from('a layer that all of them have');
  const images = new Map<number, Awaited<ReturnType<typeof pushImage>>>();
  await parallel(total, 8, async (index) => images.set(index, await pushImage(client, 'bench/attested', layer, `image ${from + index}`)));
  const records = [...images].map(([index, image]) => buildRecord(from + index, server.registryHost, image));
  const started = performance.now();
  await parallel(total, 16, (index) => {
    const record = records[index] as (typeof records)[number];
    const body = { apiVersion: 'colophon.dev/v1', kind: 'Build', metadata: { name: record.uid, namespace: 'default' }, spec: record };
    return server.send('POST', builds, body);
  });
  const ended = await idle(server);
  const { items } = (await server.send('GET', builds)) as { items: { metadata: { name: string }; status?: { phase: string } }[] };
  const complete = new Set(items.filter(({ status }) => status?.phase === 'Complete').map(({ metadata }) => metadata.name));
  const open = records.filter(({ uid }) => !complete.has(uid));
  if (open.length > 0) throw new Error(`${open.length} of ${total} builds are not attested`);
  return (total / (ended - started)) * 1000;
}

/** The moment from which nothing waits to be attested; asked twice, because a build that was just created may not be counted yet. */
async function idle(server: BenchServer): Promise<number> {
  for (let since: number | undefined; ; await sleep(20)) {
    const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${server.token}` } })).text();
    const waiting = Number(/^colophon_attestor_waiting_builds (\d+)$/m.exec(text)?.[1]);
    if (Number.isNaN(waiting)) throw new Error('the server does not say what waits to be attested');
    if (waiting > 0) since = undefined;
    else if (since !== undefined) return since;
    else since = performance.now();
  }
}

const server = await benchServer();
try {
  // The first hundred warm it up.
  await attest(server, 0, 100);
  const rate = await attest(server, 1000, count);
  const chains = (value: number, name: string) => ({ name, value, recorded: true });
  const what = `finished TaskRuns attested (${count}: 3 signatures and log entries each, both storage forms)`;
  report([
    { what, unit: '/s', ours: rate, peer: chains(3.1, 'Chains, default flags'), goal: { atLeast: 100 } },
    { what: 'the same beside Chains without its client limit', unit: '/s', ours: rate, peer: chains(10.6, 'Chains') },
  ]);
} finally {
  await server.close();
}
