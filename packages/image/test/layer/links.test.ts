import { describe, expect, test } from 'vitest';
import { followLinks, targetOf } from '../../src/layer/links.ts';

describe('symbolic links are followed as the kernel follows them, inside the image', () => {
  test.each([
    ['bin', 'usr/bin', 'usr/bin'],
    ['usr/lib/a', '../share/b', 'usr/share/b'],
    ['usr/lib/a', '/etc/./b//c', 'etc/b/c'],
    ['a', '../../../etc', 'etc'],
    ['a/b', '..', '.'],
    ['a', '.', '.'],
  ])('%s → %s leads to %s', (path, target, expected) => expect(targetOf(path, target)).toBe(expected));

  const links = new Map([
    ['lib', 'usr/lib'],
    ['usr/lib/x', 'opt/x'],
    ['opt/x', 'opt/y'],
    ['top', '.'],
  ]);
  test.each([
    ['lib/libc.so', false, 'usr/lib/libc.so'],
    ['lib', false, 'lib'],
    ['lib', true, 'usr/lib'],
    ['lib/x/file', false, 'opt/y/file'],
    ['lib/x', true, 'opt/y'],
    ['top/lib/a', false, 'usr/lib/a'],
    ['libother/a', false, 'libother/a'],
  ])('%s (last: %s) is %s', (path, last, expected) => expect(followLinks(path, links, last)).toBe(expected));

  test('circles end', () => {
    expect(() =>
      followLinks(
        'a/file',
        new Map([
          ['a', 'b'],
          ['b', 'a'],
        ]),
        false,
      ),
    ).toThrow(expect.objectContaining({ code: 'IMAGE_PATH_CONFLICT' }));
  });
});
