// apt itself, on directories of its own: the judge of closures, and where real packages come from. Its lists and its
// downloads are kept in .cache/ and served to the code under test from loopback.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { machineMirrors } from '../../src/archive/apt-sources.ts';
import { serveMirror, type TestMirror } from '../support/mini-archive.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../../../.cache/debian-apt');
export const suites = ['trixie', 'trixie-updates', 'trixie-security'];

/** Why these tests cannot run here, or undefined. */
export const missing = ((): string | undefined => {
  for (const tool of ['apt-get', 'dpkg', 'dpkg-deb', 'xz']) {
    try {
      execFileSync(tool, ['--version']);
    } catch {
      return `${tool} is not installed`;
    }
  }
  const { archive, security } = machineMirrors();
  if (archive.length === 0 || security.length === 0) return 'the apt sources of this machine name no Debian mirror';
  return existsSync('/usr/share/keyrings/debian-archive-keyring.gpg') ? undefined : 'debian-archive-keyring is not installed';
})();
if (missing !== undefined) console.log(`skipped: ${missing}`);

const environment = { ...process.env, APT_CONFIG: join(root, 'apt.conf'), LC_ALL: 'C' };

export async function apt(program: 'apt-get' | 'apt-cache', args: readonly string[], cwd = root): Promise<string> {
  const { stdout } = await run(program, args, { env: environment, cwd, maxBuffer: 1e9 });
  return stdout;
}

/** One at a time, in all processes: apt's own locks make the second one fail. */
async function alone<Result>(work: () => Promise<Result>): Promise<Result> {
  await mkdir(root, { recursive: true });
  const lock = join(root, 'lock');
  for (let waited = 0; ; waited++) {
    const mine = await mkdir(lock).then(
      () => true,
      () => false,
    );
    if (mine || waited > 600) break;
    await sleep(500);
  }
  try {
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Lists of today (at most six hours old), for amd64, in a directory of their own. */
export function prepareApt(): Promise<void> {
  return alone(prepare);
}

async function prepare(): Promise<void> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'debs', 'etc', 'preferences.d'])
    await mkdir(join(root, folder), { recursive: true });
  const { archive, security } = machineMirrors();
  const source = (suite: string) =>
    `deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${(suite.endsWith('-security') ? security : archive)[0]} ${suite} main\n`;
  await writeFile(join(root, 'sources.list'), suites.map(source).join(''));
  await writeFile(join(root, 'status'), '');
  const settings = {
    'Dir::State': root,
    'Dir::State::lists': join(root, 'lists'),
    'Dir::State::status': join(root, 'status'),
    'Dir::Cache': join(root, 'cache'),
    'Dir::Etc::sourcelist': join(root, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferencesparts': join(root, 'preferences.d'),
    'Acquire::Languages': 'none',
    'Acquire::GzipIndexes': 'true',
    'Acquire::IndexTargets::deb::Packages::KeepCompressedAs': 'xz',
    'Acquire::IndexTargets::deb-src::Sources::DefaultEnabled': 'false',
    'Acquire::IndexTargets::deb::DEP-11::DefaultEnabled': 'false',
    'APT::Architecture': 'amd64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
  };
  await writeFile(
    join(root, 'apt.conf'),
    `${Object.entries(settings)
      .map(([key, value]) => `${key} "${value}";\n`)
      .join('')}APT::Architectures { "amd64"; };\n`,
  );
  const stamp = join(root, 'updated');
  const age = await stat(stamp).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => Infinity,
  );
  if (age < 6 * 3_600_000) return;
  await rm(join(root, 'lists'), { recursive: true });
  await mkdir(join(root, 'lists/partial'), { recursive: true });
  await apt('apt-get', ['-q', 'update']);
  // The mirror serves what the archive serves, apt reads plain lists: through xz it takes half a minute a question.
  await rm(join(root, 'mirror'), { recursive: true, force: true });
  await cp(join(root, 'lists'), join(root, 'mirror'), { recursive: true });
  for (const name of await readdir(join(root, 'lists'))) if (name.endsWith('.xz')) await run('xz', ['-d', join(root, 'lists', name)]);
  await writeFile(stamp, '');
}

/** Downloads packages of trixie with apt; gives their files by name. */
export function downloadDebs(names: readonly string[]): Promise<Map<string, string>> {
  return alone(() => download(names));
}

async function download(names: readonly string[]): Promise<Map<string, string>> {
  const folder = join(root, 'debs');
  const have = async () =>
    new Map(
      (await readdir(folder)).filter((file) => file.endsWith('.deb')).map((file) => [file.slice(0, file.indexOf('_')), join(folder, file)]),
    );
  const before = await have();
  const lacking = names.filter((name) => !before.has(name));
  if (lacking.length > 0) await apt('apt-get', ['-q', 'download', ...lacking], folder);
  const files = await have();
  return new Map(names.map((name) => [name, files.get(name) as string]));
}

/** What apt fetched, as a mirror on loopback: `/debian` stands for both archives. */
export async function mirrorOfApt(): Promise<TestMirror> {
  const files = new Map<string, Buffer>();
  const folder = join(root, 'mirror');
  for (const name of await readdir(folder)) {
    const match = /_(dists_.*(?:InRelease|Packages\.xz))$/.exec(name);
    if (match === null) continue;
    const path = (match[1] as string).replaceAll('_', '/');
    const bytes = await readFile(join(folder, name));
    files.set(path, bytes);
    if (path.endsWith('.xz'))
      files.set(path.replace(/[^/]*$/, `by-hash/SHA256/${createHash('sha256').update(bytes).digest('hex')}`), bytes);
  }
  return serveMirror(files);
}
