// The house rules that no linter knows: rooms import only rooms above them, only by name, and only what their package.json declares;
// files stay under 500 lines.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const order = [
  'core',
  'store',
  'oci',
  'source',
  'debian',
  'image',
  'pipeline',
  'runner',
  'attest',
  'sign',
  'log',
  'authority',
  'verify',
  'rebuild',
  'assess',
  'program',
  'server',
  'web',
  'cli',
];
const root = resolve(import.meta.dirname, '..');
const problems: string[] = [];
for (const room of readdirSync(join(root, 'packages'))) {
  const place = order.indexOf(room);
  const manifest = JSON.parse(readFileSync(join(root, 'packages', room, 'package.json'), 'utf8'));
  const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }));
  const source = join(root, 'packages', room, 'src');
  for (const file of readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name))) {
    const path = join(source, file);
    const text = readFileSync(path, 'utf8');
    const lines = text.split('\n').length;
    if (lines > 500) problems.push(`${path}: ${lines} lines; the limit is 500`);
    const statements = /^\s*(?:import|export)\s(?:[^;'"]*?\sfrom\s+)?'([^']+)'/gm;
    const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g;
    for (const [, target] of [...text.matchAll(statements), ...text.matchAll(dynamic)]) {
      if (target === undefined || target.startsWith('node:')) continue;
      if (target.startsWith('.')) {
        if (!resolve(dirname(path), target).startsWith(`${source}/`)) problems.push(`${path}: ${target} leaves the room`);
        continue;
      }
      const name = target
        .split('/')
        .slice(0, target.startsWith('@') ? 2 : 1)
        .join('/');
      if (!declared.has(name)) problems.push(`${path}: ${name} is not in the room's package.json`);
      const other = name.startsWith('@colophon/') ? name.slice('@colophon/'.length) : undefined;
      if (other === undefined) continue;
      if (target !== name) problems.push(`${path}: ${target} reaches inside another room`);
      if (order.indexOf(other) >= place) problems.push(`${path}: room ${room} stands above ${other}`);
    }
  }
}
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
