// deb822(5) as package indices have it.
import { describe, expect, it } from 'vitest';
import { columns, createPackagesParser } from '../../src/archive/packages-parser.ts';
import { createUniverse } from '../../src/resolve/universe.ts';

const stanza = (changes: Record<string, string | undefined> = {}) =>
  Object.entries({
    Package: 'app',
    Version: '1.0-1',
    Architecture: 'amd64',
    Filename: 'pool/a/app.deb',
    Size: '10',
    SHA256: 'a'.repeat(64),
    ...changes,
  })
    .flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}\n`]))
    .join('');
const code = (name: string) => expect.objectContaining({ code: name });

function parse(text: string, chunk = 1e9): string {
  const parser = createPackagesParser('test');
  const bytes = Buffer.from(text);
  for (let start = 0; start < bytes.length; start += chunk) parser.push(bytes.subarray(start, start + chunk));
  return parser.finish().compact.toString();
}

describe('Packages', () => {
  const text = `\n${stanza({ Depends: 'a,\n b (>= 1),\n\tc', Maintainer: 'Žižka', Description: 'x\n long: text\n .' })}\n\n${stanza({ Package: 'other', Source: 'src (2)' })}`;

  it('keeps the fields that are used, folded, and no others', () => {
    const [first, second] = parse(text).split('\n') as [string, string];
    expect(first.split('\t')[columns.indexOf('Depends')]).toBe('a, b (>= 1), c');
    expect(first).not.toContain('long');
    expect(second.split('\t')[columns.indexOf('Source')]).toBe('src (2)');
  });

  it('gives the same whatever the chunks, and with CRLF', () => {
    const whole = parse(text);
    for (const chunk of [1, 2, 7, 64]) expect(parse(text, chunk)).toBe(whole);
    expect(parse(text.replaceAll('\n', '\r\n'))).toBe(whole);
    expect(parse(`${text}\n\n`)).toBe(whole);
  });

  it.each<[string, string]>([
    ['a field twice', `${stanza()}Version: 2\n`],
    ['a line that is none', `${stanza()}nonsense\n`],
    ['a stray continuation', ` x\n${stanza()}`],
    ['no version', stanza({ Version: undefined })],
    ['no hash', stanza({ SHA256: undefined })],
    ['no file', stanza({ Filename: '' })],
    ['characters beyond ASCII where they matter', stanza({ Depends: 'caf\u00e9' })],
    ['a control character', stanza({ Depends: 'a\u0001b' })],
  ])('refuses %s', (_title, broken) => {
    expect(() => parse(broken)).toThrow(code('DEBIAN_INDEX_INVALID'));
  });

  it('refuses an endless line', () => {
    const parser = createPackagesParser('test');
    expect(() => {
      for (let index = 0; index < 100; index++) parser.push(Buffer.alloc(2 ** 20, 97));
    }).toThrow(code('DEBIAN_INDEX_INVALID'));
  });

  it.each<[string, Record<string, string>, string]>([
    ['a path outside', { Filename: '../../etc/passwd' }, 'DEBIAN_PATH_UNSAFE'],
    ['an absolute path', { Filename: '/etc/passwd' }, 'DEBIAN_PATH_UNSAFE'],
    ['an address', { Filename: 'pool/http://x' }, 'DEBIAN_PATH_UNSAFE'],
    ['a hash that is none', { SHA256: 'A'.repeat(64) }, 'DEBIAN_INDEX_INVALID'],
    ['a size that is none', { Size: '-1' }, 'DEBIAN_INDEX_INVALID'],
    ['another architecture', { Architecture: 'arm64' }, 'DEBIAN_INDEX_INVALID'],
  ])('a record with %s is refused when it is used', (_title, changes, expected) => {
    const parser = createPackagesParser('test');
    parser.push(Buffer.from(stanza(changes)));
    const universe = createUniverse('amd64', [{ suite: 's', component: 'main', compact: parser.finish().compact }]);
    expect(() => universe.versions('app')).toThrow(code(expected));
  });
});
