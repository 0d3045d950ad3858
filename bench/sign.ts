// The signer process over its socket: statements, entry timestamps (one by one and as the log batches them), checkpoints. Prints rates.
// Run: npm run build && node bench/sign.ts
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { canonicalJson, connectIpc, encodeBase64, type IpcClient } from '@colophon/core';
import { entryTimestampBytes, logSigner, signerClient, signerModule } from '@colophon/sign';
import { report, type Figure } from './support/report.ts';

const folder = await mkdtemp(join(tmpdir(), 'bench-sign-'));
const socket = join(folder, 's');
const begun = performance.now();
const child = spawn(
  process.execPath,
  [...process.execArgv, signerModule, '--keys', join(folder, 'keys'), '--socket', socket, '--no-require-consistency'],
  {
    stdio: ['pipe', 'ignore', 'inherit'],
  },
);

async function connected(): Promise<IpcClient> {
  for (;;) {
    const client = await connectIpc(socket).catch(() => undefined);
    if (client !== undefined) return client;
    await sleep(5);
  }
}

const figures: Figure[] = [];

async function rate(name: string, count: number, parallel: number, work: (index: number) => Promise<unknown>): Promise<void> {
  const start = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: parallel }, async () => {
      while (next < count) await work(next++);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  figures.push({ what: `signer: ${name} (${parallel} at once)`, unit: '/s', ours: count / seconds });
}

try {
  const connection = await connected();
  console.log(`first start, keys made: ${Math.round(performance.now() - begun)} ms`);
  const client = signerClient(() => connection);
  const log = await logSigner(client);
  const dependencies = Array.from({ length: 60 }, (_, index) => ({
    uri: `pkg:deb/debian/package-${index}@1.0`,
    digest: { sha256: 'a'.repeat(64) },
  }));
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'a', digest: { sha256: 'a'.repeat(64) } }],
    predicateType: 'https://slsa.dev/provenance/v1',
    predicate: { buildDefinition: { resolvedDependencies: dependencies } },
  };
  const body = encodeBase64(canonicalJson({ apiVersion: '0.0.2', kind: 'intoto', spec: { content: { hash: 'x'.repeat(1500) } } }));
  const entry = (logIndex: number) => entryTimestampBytes({ body, integratedTime: 1_700_000_000, logID: log.logId, logIndex });
  await rate('statements of 60 dependencies', 1000, 8, () => client.signStatement(statement));
  await rate('entry timestamps, one writer', 1000, 1, (index) => log.signEntryTimestamp(entry(index)));
  await rate('entry timestamps, 256 writers', 20_000, 256, (index) => log.signEntryTimestamp(entry(index)));
  const rootHash = Buffer.alloc(32).toString('base64');
  await rate('checkpoints, durable', 300, 1, (index) => client.signCheckpoint({ origin: 'bench', size: index, rootHash }));
  connection.close();
  report(figures);
} finally {
  child.stdin.end();
  await rm(folder, { recursive: true, force: true });
}
