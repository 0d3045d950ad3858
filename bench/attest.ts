// Finished TaskRuns attested a second: their records are created on a real server whose registry holds the images; provenance and signatures are signed by the
// signer process, logged, and stored beside the images in both forms. From the first creation until the last is Complete, as a watching client sees it.
// Run: npm run build && node bench/attest.ts [--builds 200]
import { parseArgs } from 'node:util';
import { buildRecord } from './support/build-record.ts';
import { report } from './support/report.ts';
import { benchServer, type BenchServer } from './support/server.ts';
import { clientOf, pushImage } from './support/step-image.ts';
import { watchEnds } from './support/watch.ts';

const { values } = parseArgs({ options: { builds: { type: 'string', default: '200' } } });
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
  const ends = await watchEnds(server, builds, ({ status }) => (status?.phase === 'Complete' ? true : undefined));
  const started = performance.now();
  const last: number[] = [];
  await parallel(total, 16, (index) => {
    const record = records[index] as (typeof records)[number];
    const body = { apiVersion: 'colophon.dev/v1', kind: 'Build', metadata: { name: record.uid, namespace: 'default' }, spec: record };
    return server.send('POST', builds, body);
  });
  for (const { uid } of records) last.push(await ends.of(uid));
  ends.close();
  return (total / (Math.max(...last) - started)) * 1000;
}

const server = await benchServer();
try {
  await attest(server, 0, 20);
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
