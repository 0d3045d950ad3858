// Writes docs/cli.md from the commands' own data. With --check it only compares.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { common, commonExits } from '../packages/cli/src/command/build.ts';
import { isGroup, type Command, type CommandGroup, type Flag } from '../packages/cli/src/command/command.ts';
import { commands } from '../packages/cli/src/commands/index.ts';

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
/** A table's cell: bars would end it, angle brackets would be HTML. */
const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

function usage(path: string, { args = [], variadic }: Command): string {
  const words = args.map(({ placeholder, optional }, index) => {
    const word = variadic === true && index === args.length - 1 ? `${placeholder}...` : placeholder;
    return optional === true ? `[${word}]` : word;
  });
  return ['colophon', path, '[options]', ...words].join(' ');
}

function option(name: string, flag: Flag, letter: string | undefined): string {
  const value =
    flag.kind === 'boolean'
      ? ''
      : ` ${flag.kind === 'choice' ? flag.values.join('|') : (flag.placeholder ?? (flag.kind === 'number' ? 'N' : 'TEXT'))}`;
  const many = flag.kind === 'text' && flag.many === true ? ' May be given again.' : '';
  const standard = flag.kind !== 'boolean' && flag.default !== undefined ? ` Default: \`${flag.default}\`.` : '';
  const short = letter === undefined ? '' : `, \`-${letter}\``;
  return `| \`--${kebab(name)}${cell(value)}\`${short} | ${cell(flag.brief)}.${many}${standard} |`;
}

function section(path: string, command: Command): string {
  const flags = Object.entries(command.flags ?? {});
  const letters = new Map(Object.entries(command.aliases ?? {}).map(([letter, name]) => [name, letter]));
  if (command.flags !== undefined && Object.hasOwn(command.flags, 'follow')) letters.set('follow', 'f');
  const exits = Object.entries({ ...commonExits, ...command.exits }).map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`);
  return [
    `## ${path}`,
    `${command.brief}. ${command.description ?? ''}`.trim(),
    `    ${usage(path, command)}`,
    ...(command.args === undefined ? [] : [command.args.map(({ placeholder, brief }) => `- \`${placeholder}\`: ${brief}`).join('\n')]),
    ...(flags.length === 0
      ? []
      : [`| option | |\n|---|---|\n${flags.map(([name, flag]) => option(name, flag, letters.get(name))).join('\n')}`]),
    `| exit | meaning |\n|---|---|\n${exits.join('\n')}`,
    command.examples.map(({ command: line, brief }) => `    # ${brief}\n    colophon ${line}`).join('\n\n'),
  ].join('\n\n');
}

function sections(group: CommandGroup, path: readonly string[]): string[] {
  return Object.entries(group.commands).flatMap(([name, entry]) =>
    isGroup(entry) ? sections(entry, [...path, name]) : [section([...path, name].join(' '), entry)],
  );
}

const page = `# Commands

Made from the commands' own data by \`npm run docs\`; do not edit. Results go to standard output, as text or as JSON; progress and errors go to standard error.
An error has one stable code, listed in [errors.md](errors.md). Colours follow \`NO_COLOR\`, \`FORCE_COLOR\` and the terminal.

Every command has:

| option | |
|---|---|
${Object.entries(common)
  .map(([name, flag]) => option(name, flag, name === 'output' ? 'o' : undefined))
  .join('\n')}
| \`--help\`, \`-h\` | What the command does, its options, examples and exit codes. |

${sections(commands, []).join('\n\n')}
`;
const target = join(resolve(import.meta.dirname, '..'), 'docs', 'cli.md');
if (process.argv.includes('--check')) {
  if (!existsSync(target) || readFileSync(target, 'utf8') !== page) {
    console.error('docs/cli.md is not what the commands say: run `npm run docs`');
    process.exit(1);
  }
} else writeFileSync(target, page);
