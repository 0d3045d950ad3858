import { expect, test } from 'vitest';
import { isGroup, type Command, type CommandGroup } from '../../src/command/command.ts';
import { commands } from '../../src/commands/index.ts';
import { colophon } from '../support/process.ts';

function all(group: CommandGroup, path: readonly string[] = []): [string, Command][] {
  return Object.entries(group.commands).flatMap(([name, entry]) =>
    isGroup(entry) ? all(entry, [...path, name]) : [[[...path, name].join(' '), entry] as [string, Command]],
  );
}

const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

test.each(all(commands))('%s: its examples use options that it has', (name, command) => {
  expect(command.examples.length).toBeGreaterThan(0);
  const known = new Set([...Object.keys(command.flags ?? {}).map(kebab), 'output', 'progress']);
  const short = new Set([...Object.keys(command.aliases ?? {}), 'o', ...(known.has('follow') ? ['f'] : [])]);
  for (const { command: line } of command.examples) {
    expect(line.startsWith(name), line).toBe(true);
    for (const [, flag] of line.matchAll(/ --([a-z-]+)/g)) expect(known, line).toContain(flag);
    for (const [, letter] of line.matchAll(/ -([a-z])(?= )/g))
      if (!(letter === 'f' && known.has('file'))) expect(short, line).toContain(letter);
  }
  for (const letter of Object.values(command.aliases ?? {})) expect(Object.keys(command.flags ?? {})).toContain(letter);
});

test('every command’s handler can be loaded', async () => {
  for (const [name, command] of all(commands)) expect((await command.load()).run, name).toBeTypeOf('function');
});

test('help names examples and exit codes; wrong usage is 2 and says what is wrong', async () => {
  const help = await colophon(['image', 'diff', '--help']);
  expect(help).toMatchObject({ code: 0 });
  expect(help.out).toContain('EXAMPLES');
  expect(help.out).toMatch(/\b12 +different/);
  const unknown = await colophon(['image', 'diff', '--nonsense', 'a', 'b']);
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain('nonsense');
  expect((await colophon(['nonsense'])).code).toBe(2);
  expect((await colophon(['prune', '--keep-days', 'soon'])).code).toBe(2);
});

test('colours come only where they are asked for, and NO_COLOR takes them away', async () => {
  const wrong = ['keys', 'public', '/nonexistent/key'];
  const escape = '\u001b[';
  expect((await colophon(wrong)).err).not.toContain(escape);
  expect((await colophon(wrong, { env: { FORCE_COLOR: '1' } })).err).toContain(escape);
  expect((await colophon(wrong, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).err).not.toContain(escape);
});
