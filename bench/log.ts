// Appends a second to the log over HTTP, durable and with inclusion proof: ours, and beside it a real Rekor.
// Run: npm run build && node bench/log.ts [--seconds 5] [--writers 1,64,256] [--peer-url URL | --peer-bin DIRECTORY]
// --peer-url: a Rekor that runs already. --peer-bin: rekor-server, trillian_log_server, trillian_log_signer and storage.sql are there, mariadbd there or on
// the PATH; default: .cache/peers where it is (bench/peers makes it). Without a Rekor its recorded figures are named, as recorded.
import { execFile } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { createLogRoutes, openLog, spkiId } from '@colophon/log';
import { openBlobStore } from '@colophon/store';
import { startRekor } from './rekor-peer.ts';
import { machine, report, type Figure } from './support/report.ts';

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

/** Rekor 1.5.4 with Trillian and MariaDB on two processors and 24 GiB, 2026-11-23: p50 in milliseconds, entries a second. */
const recorded: Readonly<Record<number, { p50: number; rate: number }>> = {
  1: { p50: 183, rate: 5.9 },
  64: { p50: NaN, rate: 63 },
  256: { p50: 1900, rate: 119 },
};

function figures(writers: number, mine: Measured, theirs: Measured | undefined): Figure[] {
  const peer = (measured: number | undefined, known: number | undefined) => {
    const value = measured ?? known;
    return value === undefined || Number.isNaN(value) ? {} : { peer: { name: 'Rekor', value, recorded: measured === undefined } };
  };
  const name = `log, ${writers} writer${writers === 1 ? '' : 's'}`;
  const rate = ({ count, seconds }: Measured) => count / seconds;
  const at = (share: number) => (theirs === undefined ? undefined : percentile(theirs.latencies, share));
  const p50 = peer(at(0.5), recorded[writers]?.p50);
  const p99 = peer(at(0.99), undefined);
  return [
    {
      what: `${name}: entries a second, durable and with proof`,
      unit: '/s',
      ours: rate(mine),
      ...peer(theirs === undefined ? undefined : rate(theirs), recorded[writers]?.rate),
      ...(writers === 256 ? { goal: { atLeast: 1500 } } : {}),
    },
    { what: `${name}: p50`, unit: 'ms', ours: percentile(mine.latencies, 0.5), ...p50, ...(writers === 1 ? { goal: { atMost: 10 } } : {}) },
    {
      what: `${name}: p99`,
      unit: 'ms',
      ours: percentile(mine.latencies, 0.99),
      ...p99,
      ...(writers === 256 ? { goal: { atMost: 400 } } : {}),
    },
  ];
}

console.log(machine());
const directory = await mkdtemp(join(values.directory ?? tmpdir(), 'colophon-bench-log-'));
const ours = await startOurs(directory);
const peers = join(import.meta.dirname, '../.cache/peers');
const bin = values['peer-bin'] ?? (values['peer-url'] === undefined && existsSync(join(peers, 'rekor-server')) ? peers : undefined);
const peer = bin === undefined ? { url: values['peer-url'], close: async () => {} } : await startRekor(bin, join(directory, 'peer'));
const all: Figure[] = [];
try {
  for (const writers of values.writers.split(',').map(Number)) {
    const mine = await measure(ours.url, writers);
    console.log(line('colophon', writers, mine));
    const theirs = peer.url === undefined ? undefined : await measure(peer.url, writers);
    if (theirs !== undefined) console.log(line('rekor', writers, theirs));
    all.push(...figures(writers, mine, theirs));
  }
  report(all);
} finally {
  await peer.close();
  await ours.close();
  await rm(directory, { recursive: true, force: true });
}
