// Appends a second to the log over HTTP, durable and with inclusion proof: ours, and beside it a real Rekor.
//   node --conditions=colophon-source bench/log.ts [--seconds 5] [--writers 1,64,256] [--peer-url URL | --peer-bin DIRECTORY]
// --peer-url: a Rekor that runs already. --peer-bin: rekor-server, trillian_log_server and trillian_log_signer are there, mariadbd on the PATH.
import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { createLogRoutes, openLog, spkiId } from '@colophon/log';
import { openBlobStore } from '@colophon/store';
import { startRekor } from './rekor-peer.ts';

interface Measured {
  readonly count: number;
  readonly errors: number;
  readonly seconds: number;
  readonly latencies: readonly number[];
}

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    writers: { type: 'string', default: '1,64,256' },
    'peer-url': { type: 'string' },
    'peer-bin': { type: 'string' },
    directory: { type: 'string' },
  },
});

async function measure(url: string, writers: number): Promise<Measured> {
  const program = join(import.meta.dirname, 'log-writers.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, url, String(writers), values.seconds], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as Measured;
}

async function startOurs(directory: string): Promise<{ url: string; close(): Promise<void> }> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const log = await openLog({
    directory: join(directory, 'log'),
    hostname: '127.0.0.1',
    blobs: await openBlobStore(join(directory, 'blobs')),
    signer: {
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }) as string,
      logId: spkiId(publicKey).toString('hex'),
      signCheckpoint: async (body) => sign('sha256', Buffer.from(body), privateKey),
      signEntryTimestamp: async (bytes) => sign('sha256', bytes, privateKey),
    },
  });
  const server = createAdaptorServer({ fetch: createLogRoutes(log).fetch });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    async close() {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await log.close();
    },
  };
}

const percentile = (sorted: readonly number[], share: number) =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;

function line(name: string, writers: number, { count, errors, seconds, latencies }: Measured): string {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((share) => `${percentile(latencies, share).toFixed(1)} ms`);
  return `${name.padEnd(9)} ${String(writers).padStart(4)} writers  ${(count / seconds).toFixed(1).padStart(8)}/s  p50 ${p50}  p90 ${p90}  p99 ${p99}${errors > 0 ? `  ${errors} errors` : ''}`;
}

console.log(`${cpus()[0]?.model ?? 'unknown CPU'}, ${availableParallelism()} cores, Node ${process.version}`);
const directory = await mkdtemp(join(values.directory ?? tmpdir(), 'colophon-bench-log-'));
const ours = await startOurs(directory);
const peer =
  values['peer-bin'] === undefined
    ? { url: values['peer-url'], close: async () => {} }
    : await startRekor(values['peer-bin'], join(directory, 'peer'));
try {
  for (const writers of values.writers.split(',').map(Number)) {
    const mine = await measure(ours.url, writers);
    console.log(line('colophon', writers, mine));
    if (peer.url === undefined) continue;
    const theirs = await measure(peer.url, writers);
    console.log(line('rekor', writers, theirs));
    console.log(
      `ratio     ${String(writers).padStart(4)} writers  ${(mine.count / mine.seconds / (theirs.count / theirs.seconds)).toFixed(1).padStart(8)} times`,
    );
  }
} finally {
  await peer.close();
  await ours.close();
  await rm(directory, { recursive: true, force: true });
}
