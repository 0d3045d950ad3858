// Quickstart as a newcomer runs it, in an empty data directory, and once more in the same one. Its downloads are timed apart: the same packages are fetched
// once before, by themselves, into a cache that is thrown away.
// Run as root: npm run build && node bench/quickstart.ts   (mirrors are the machine's)
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchLocked, machineMirrors, parseLock } from '@colophon/debian';
import { wholeProcess } from './support/measure.ts';
import { report } from './support/report.ts';

const root = join(import.meta.dirname, '..');
const locks = ['builder', 'gcc', 'static', 'base', 'cc'];

async function downloads(cacheDirectory: string): Promise<number> {
  const started = performance.now();
  for (const name of locks) {
    const lock = parseLock(readFileSync(join(root, 'examples/images', `${name}.lock.json`)));
    await fetchLocked(lock, { mirrors: machineMirrors(), cacheDirectory });
  }
  return performance.now() - started;
}

const place = mkdtempSync(join(tmpdir(), 'colophon-bench-quickstart-'));
const data = join(place, 'data');
const env = { ...process.env, COLOPHON_DATA: data, HOME: place };
const quickstart = async (...more: string[]) =>
  (await wholeProcess(join(root, 'colophon'), ['quickstart', '--port', '0', '--output', 'json', ...more], { env })).milliseconds;
try {
  const fetched = await downloads(join(place, 'downloads'));
  const first = await quickstart();
  const second = await quickstart();
  report([
    { what: 'downloads of quickstart, by themselves', unit: 's', ours: fetched / 1000 },
    {
      what: 'quickstart in an empty data directory, beside its downloads',
      unit: 's',
      ours: (first - fetched) / 1000,
      goal: { atMost: 120 },
    },
    { what: 'a second quickstart in the same data directory', unit: 's', ours: second / 1000, goal: { atMost: 20 } },
  ]);
} finally {
  stopServer();
  rmSync(place, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

/** Quickstart leaves its server running. */
function stopServer(): void {
  try {
    process.kill(Number(readFileSync(join(data, 'server.pid'), 'utf8')), 'SIGTERM');
  } catch {
    // It never came up, or is gone already.
  }
}
