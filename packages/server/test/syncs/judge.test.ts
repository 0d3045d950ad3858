// The checker of scripts/check-syncs, on traces written by hand.
import { describe, expect, it } from 'vitest';
import { judge } from './judge.ts';
import { callsOf } from './trace.ts';

const answer = (pid = 1) => `${pid}  write(20<socket:[7]>, "HTTP/1.1 201 Created\\r\\nLocation:"..., 90) = 90`;
const written = [
  '1  openat(AT_FDCWD</d>, "/d/b/.tmp", O_WRONLY|O_CREAT|O_EXCL, 0600) = 9</d/b/.tmp>',
  '1  write(9</d/b/.tmp>, "x", 1) = 1',
];
const [syncFile, rename, syncFolder] = ['1  fsync(9</d/b/.tmp>) = 0', '1  rename("/d/b/.tmp", "/d/b/x") = 0', '1  fsync(8</d/b>) = 0'];
const blob = { name: 'blob', concerns: /^b\//, syncs: [/^b$/] };
const problems = (lines: readonly string[], promised = [blob]) =>
  judge(lines.join('\n'), '/d', promised).map((verdict) => verdict.problems);

describe('a file that is named before it is acknowledged', () => {
  it('is good: content, name, the name’s folder', () =>
    expect(problems([...written, syncFile, rename, syncFolder, answer()])).toEqual([[]]));

  it.each<[string, string[], string]>([
    ['its content is not synced', [...written, rename, syncFolder, answer()], 'content of b/x'],
    [
      'its content is synced before it is written',
      [written[0] as string, syncFile, written[1] as string, rename, syncFolder, answer()],
      'content of b/x',
    ],
    ['its folder is not synced', [...written, syncFile, rename, answer()], 'name of b/x'],
    ['its folder is synced before it has the name', [...written, syncFile, syncFolder, rename, answer()], 'name of b/x'],
    ['all of it comes after the answer', [answer(), ...written, syncFile, rename, syncFolder], '^b$'],
    ['another folder is synced', [...written, syncFile, rename, '1  fsync(8</d>) = 0', answer()], 'name of b/x'],
    [
      'the sync fails',
      [...written, '1  fsync(9</d/b/.tmp>) = -1 EIO (Input/output error)', rename, syncFolder, answer()],
      'content of b/x',
    ],
    [
      'it is written again',
      [...written, syncFile, rename, syncFolder, '1  pwrite64(9</d/b/x>, "y", 1, 0) = 1', answer()],
      'content of b/x',
    ],
    ['a link makes the name', [...written, '1  link("/d/b/.tmp", "/d/b/x") = 0', syncFolder, answer()], 'content of b/x'],
  ])('is not, where %s', (_, lines, problem) => expect(problems(lines)[0]?.join()).toContain(problem));
});

describe('threads', () => {
  it('a sync that is under way when the answer leaves came too late', () => {
    const late = ['2  fsync(8</d/b> <unfinished ...>', answer(), '2  <... fsync resumed>) = 0'];
    expect(problems([...written, syncFile, rename, ...late])[0]?.join()).toContain('name of b/x');
    const early = ['2  fsync(8</d/b> <unfinished ...>', '2  <... fsync resumed>) = 0', answer()];
    expect(problems([...written, syncFile, rename, ...early])).toEqual([[]]);
  });

  it('an answer counts from where it begins', () => {
    const [begun, ended] = ['1  write(20<socket:[7]>, "HTTP/1.1 201 Created"..., 90 <unfinished ...>', '1  <... write resumed>) = 90'];
    expect(problems([...written, syncFile, rename, begun, '2  fsync(8</d/b>) = 0', ended])[0]?.join()).toContain('name of b/x');
  });

  it('pieces of calls belong to their thread', () =>
    expect(
      callsOf('1  write(3</d/a>, "x" <unfinished ...>\n2  fsync(4</d/b>) = 0\n1  <... write resumed>, 1) = 1').map(({ text }) => text),
    ).toEqual(['fsync(4</d/b>) = 0', 'write(3</d/a>, "x", 1) = 1']));
});

it('each answer is held against what it promises itself', () => {
  const other = { name: 'other', concerns: /^c\//, syncs: [] };
  const lines = [...written, answer(), syncFile, rename, syncFolder, answer()];
  expect(problems(lines, [other, blob])).toEqual([[], []]);
  expect(problems(lines, [blob, other])[0]).not.toEqual([]);
});

it('answers that do not fit the requests are no verdict', () => expect(() => problems([...written], [blob])).toThrow('0 answers'));
