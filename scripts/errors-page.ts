// Writes docs/errors.md from the rooms' error catalogues. With --check it only compares.
import { readFileSync, readdirSync, existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { exitCodes, type Catalogue, type ErrorEntry } from '@colophon/core';

const root = resolve(import.meta.dirname, '..');
const sections: string[] = [];
const seen = new Map<string, string>();
for (const room of readdirSync(join(root, 'packages')).toSorted()) {
  const file = join(root, 'packages', room, 'src', room === 'core' ? 'errors/core-errors.ts' : 'errors.ts');
  if (!existsSync(file)) continue;
  const module = (await import(file)) as Record<string, Catalogue<string>>;
  const entries = Object.values(module).flatMap((catalogue) => Object.entries<ErrorEntry>(catalogue.entries ?? {}));
  for (const [code] of entries) {
    if (seen.has(code)) throw new Error(`${code} stands in ${seen.get(code)} and in ${room}`);
    seen.set(code, room);
  }
  const rows = entries.map(
    ([code, entry]) =>
      `| \`${code}\` | ${entry.summary} | ${entry.hint ?? ''} | ${exitCodes[entry.exit ?? 'error']} | ${entry.status ?? 500} |`,
  );
  sections.push(`## ${room}\n\n| code | what happened | what helps | exit | HTTP |\n|---|---|---|---|---|\n${rows.join('\n')}\n`);
}
const codes = Object.entries(exitCodes).map(([name, code]) => `| ${code} | ${name} |`);
const page = `# Errors

Every failure has one stable code. Made from the catalogues in \`packages/*/src/errors.ts\` by \`npm run docs\`; do not edit.

| exit | meaning |
|---|---|
| 0 | done, or proven |
${codes.join('\n')}

${sections.join('\n')}`;
const target = join(root, 'docs', 'errors.md');
if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== page) {
    console.error('docs/errors.md is not what the catalogues say: run `npm run docs`');
    process.exit(1);
  }
} else writeFileSync(target, page);
