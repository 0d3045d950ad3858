// The encoder beside gzip -6 of zlib, and `cc` by the command itself beside mmdebstrap + umoci: cold with the network, warm, one package changed; whole processes.
// Run: npm run build && node bench/image.ts   (mmdebstrap and umoci are taken when they are installed; mirrors are the machine's)
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fetchLocked, machineMirrors, parseLock, readDeb } from '@colophon/debian';
import { gzipMember } from '@colophon/image';
import { inTurn, median, wholeProcess } from './support/measure.ts';
import { report, type Figure } from './support/report.ts';

const root = join(import.meta.dirname, '..');
const spec = join(root, 'examples/images/cc.yaml');
const lock = parseLock(readFileSync(join(root, 'examples/images/cc.lock.json')));

/** The whole command: packages that are not in the cache are fetched and verified up to the archive's signature, all four variants are built. */
const build = (place: string) =>
  wholeProcess(join(root, 'colophon'), ['image', 'build', spec, '--layout', join(place, 'layout'), '--cache', join(place, 'cache')]);

/** MB/s of ours and of zlib over the contents of every package, and our size by theirs. */
async function encoderBench(place: string): Promise<Figure> {
  const paths = await fetchLocked(lock, { mirrors: machineMirrors(), cacheDirectory: join(place, 'debs') });
  const total = { bytes: 0, ours: 0, theirs: 0, oursMs: 0, theirsMs: 0 };
  for (const path of paths.values()) {
    const contents: Uint8Array[] = [];
    for await (const { content } of (await readDeb(path)).entries) if (content !== undefined) contents.push(content);
    const input = Buffer.concat(contents);
    for (let round = 0; round < 2; round++) {
      const start = performance.now();
      const ours = gzipMember(input).length;
      const middle = performance.now();
      const theirs = gzipSync(input, { level: 6 }).length;
      if (round === 0) continue;
      total.bytes += input.length;
      total.ours += ours;
      total.theirs += theirs;
      total.oursMs += middle - start;
      total.theirsMs += performance.now() - middle;
    }
  }
  const rate = (milliseconds: number) => total.bytes / milliseconds / 1000;
  const what = `encoder on one core, MB a second (size ${(total.ours / total.theirs).toFixed(3)} of zlib's)`;
  return { what, unit: '/s', ours: rate(total.oursMs), peer: { name: 'zlib -6', value: rate(total.theirsMs) } };
}

function peer(place: string): (() => Promise<unknown>) | undefined {
  if (spawnSync('sh', ['-c', 'command -v mmdebstrap && command -v umoci']).status !== 0) return undefined;
  const names = lock.packages.map(({ name }) => name).join(',');
  const [mirror] = machineMirrors().archive;
  return () => {
    const each = mkdtempSync(join(place, 'peer-'));
    const [tar, layout] = [join(each, 'image.tar'), join(each, 'layout')];
    const image = `umoci init --layout ${layout} && umoci new --image ${layout}:a && umoci raw add-layer --image ${layout}:a ${tar}`;
    return wholeProcess('sh', ['-c', `mmdebstrap -q --variant=extract --include=${names} trixie ${tar} ${mirror} && ${image}`]);
  };
}

/** The layer of a package is made anew, as after an update of that package alone. */
function forget(place: string, name: string): void {
  const layers = join(place, 'cache/layers/layers');
  const record = readdirSync(layers).find((file) => readFileSync(join(layers, file), 'utf8').includes(`"package":{"name":"${name}"`));
  rmSync(join(layers, record as string));
}

async function measure(place: string): Promise<Figure[]> {
  const encoder = await encoderBench(place);
  const theirs = peer(place);
  const cold = await inTurn(3, { ours: () => build(mkdtempSync(join(place, 'cold-'))), theirs });
  const again = mkdtempSync(join(place, 'warm-'));
  await build(again);
  const warm = await inTurn(9, { warm: () => build(again) });
  const changed: number[] = [];
  for (const name of ['libc6', 'libstdc++6', 'zlib1g']) {
    forget(again, name);
    changed.push((await build(again)).milliseconds);
  }
  const seconds = (milliseconds: readonly number[]) => median(milliseconds) / 1000;
  const beside = theirs === undefined ? {} : { peer: { name: 'mmdebstrap + umoci', value: seconds(cold.theirs) } };
  return [
    {
      what: 'cc amd64 cold: fetched, verified, four variants built',
      unit: 's',
      ours: seconds(cold.ours),
      ...beside,
      goal: { timesPeer: 2 },
    },
    { what: 'cc warm, nothing changed', unit: 's', ours: seconds(warm.warm), goal: { atMost: 0.5 } },
    {
      what: 'cc, one package changed (the slowest of libc6, libstdc++6, zlib1g)',
      unit: 's',
      ours: Math.max(...changed) / 1000,
      goal: { atMost: 1 },
    },
    encoder,
  ];
}

const place = mkdtempSync(join(tmpdir(), 'colophon-bench-image-'));
try {
  report(await measure(place));
} finally {
  rmSync(place, { recursive: true, force: true });
}
