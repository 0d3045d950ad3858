// The encoder beside gzip -6 of zlib, and `cc` beside mmdebstrap + umoci: cold with the network, warm, one package changed; whole processes.
// Run: npm run build && node bench/image.ts   (mmdebstrap and umoci are taken when they are installed; mirrors are the machine's)
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fetchLocked, machineMirrors, parseLock, readDeb } from '@colophon/debian';
import { buildImage, gzipMember, parseImageSpec } from '@colophon/image';

const examples = join(import.meta.dirname, '../examples/images');
const lock = parseLock(readFileSync(join(examples, 'cc.lock.json')));
const fetchInto = (place: string) => fetchLocked(lock, { mirrors: machineMirrors(), cacheDirectory: join(place, 'debs') });

/** What a measured process does: fetch and verify the packages, unless the layers are there, and build. */
async function child(place: string): Promise<void> {
  let fetched: Promise<Map<string, string>> | undefined;
  const debs = async (sha256: string) => {
    fetched ??= fetchInto(place);
    return (await fetched).get(sha256) as string;
  };
  const spec = parseImageSpec(readFileSync(join(examples, 'cc.yaml'), 'utf8'));
  await buildImage({ spec, lock, debs, output: join(place, 'layout'), cache: join(place, 'layers') });
}

function measure(command: string, ...args: string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command}: ${stderr}`);
  return (performance.now() - start) / 1000;
}

const build = (place: string) => measure(process.execPath, '--disable-warning=ExperimentalWarning', import.meta.filename, '--child', place);
const best = (runs: readonly number[]) => Math.min(...runs);
const shown = (seconds: number) => `${seconds.toFixed(2)} s`;

async function encoderBench(paths: ReadonlyMap<string, string>): Promise<void> {
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
  const rate = (ms: number) => `${(total.bytes / ms / 1000).toFixed(1)} MB/s`;
  console.log(
    `encoder, one core: ${rate(total.oursMs)}; zlib -6: ${rate(total.theirsMs)}; size ours/zlib: ${(total.ours / total.theirs).toFixed(4)}`,
  );
}

function peer(place: string): number | undefined {
  if (spawnSync('sh', ['-c', 'command -v mmdebstrap umoci']).status !== 0) return undefined;
  const names = lock.packages.map(({ name }) => name).join(',');
  const [mirror] = machineMirrors().archive;
  const tar = join(place, 'peer.tar');
  const layout = join(place, 'peer');
  const steps = `mmdebstrap -q --variant=extract --include=${names} trixie ${tar} ${mirror} && umoci init --layout ${layout} && umoci new --image ${layout}:a && umoci raw add-layer --image ${layout}:a ${tar}`;
  return measure('sh', '-c', steps);
}

async function main(): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'bench-image-'));
  try {
    await encoderBench(await fetchInto(place));
    const cold: number[] = [];
    const peers: number[] = [];
    for (let run = 0; run < 3; run++) {
      const each = mkdtempSync(join(place, 'run-'));
      cold.push(build(join(each, 'ours')));
      const other = peer(each);
      if (other !== undefined) peers.push(other);
    }
    const ratio =
      peers.length === 0
        ? 'mmdebstrap or umoci is not installed'
        : `mmdebstrap + umoci ${shown(best(peers))}, ratio ${(best(cold) / best(peers)).toFixed(2)}`;
    console.log(`cc cold with network (four variants, chain verified): ${shown(best(cold))}; ${ratio}`);
    const local = join(place, 'again');
    execFileSync('mkdir', [local]);
    execFileSync('cp', ['-a', join(place, 'debs'), local]);
    console.log(`cc cold, packages there: ${shown(build(local))}`);
    console.log(`cc warm, nothing changed: ${shown(best([build(local), build(local), build(local)]))}`);
    for (const name of ['libc6', 'libstdc++6', 'zlib1g']) {
      const layers = join(local, 'layers/layers');
      const record = readdirSync(layers).find((file) => readFileSync(join(layers, file), 'utf8').includes(`"package":{"name":"${name}"`));
      rmSync(join(layers, record as string));
      console.log(`cc, ${name} changed: ${shown(build(local))}`);
    }
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

await (process.argv[2] === '--child' ? child(process.argv[3] as string) : main());
