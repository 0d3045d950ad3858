// Quickstart as a newcomer runs it, in an empty data directory, and twice more in the same one, the last time without the rebuild (which always begins with an
// empty directory of its own). Its downloads are timed apart: the same packages are fetched once before, by themselves, into a cache that is thrown away.
// Run as root: npm run build && node bench/quickstart.ts   (mirrors are the machine's)
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
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
  const third = await quickstart('--no-rebuild');
  report([
    { what: 'downloads of quickstart, by themselves', unit: 's', ours: fetched / 1000 },
    {
      what: 'quickstart in an empty data directory, beside its downloads',
      unit: 's',
      ours: (first - fetched) / 1000,
      goal: { atMost: 120 },
    },
    { what: 'a second quickstart in the same data directory', unit: 's', ours: second / 1000, goal: { atMost: 20 } },
    { what: 'another one, without the rebuild', unit: 's', ours: third / 1000 },
  ]);
} finally {
  await stopServer();
  rmSync(place, { recursive: true, force: true });
}

/** Quickstart leaves its server running. */
async function stopServer(): Promise<void> {
  try {
    const pid = Number(readFileSync(join(data, 'server.pid'), 'utf8'));
    process.kill(pid, 'SIGTERM');
    // Until it is gone: signal 0 only asks.
    for (let waited = 0; waited < 15_000; waited += 100, process.kill(pid, 0)) await sleep(100);
    process.kill(pid, 'SIGKILL');
  } catch {
    // It never came up, or is gone.
  }
}
