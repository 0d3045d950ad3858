import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatReference, isRepositoryName, isTag, parseReference } from '../../src/index.ts';

const hex = 'a'.repeat(64);

describe('references as distribution-spec 1.1 and every client read them', () => {
  test.each([
    ['debian', 'docker.io', 'library/debian', undefined, undefined],
    ['debian:13', 'docker.io', 'library/debian', '13', undefined],
    ['index.docker.io/some/app', 'docker.io', 'some/app', undefined, undefined],
    ['some/app:v1', 'docker.io', 'some/app', 'v1', undefined],
    ['localhost/app', 'localhost', 'app', undefined, undefined],
    ['localhost:5000/app:x', 'localhost:5000', 'app', 'x', undefined],
    ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000', 'a/b/c', undefined, undefined],
    ['[::1]:5000/app:1', '[::1]:5000', 'app', '1', undefined],
    ['gcr.io/distroless/cc', 'gcr.io', 'distroless/cc', undefined, undefined],
    ['HOST/app', 'HOST', 'app', undefined, undefined],
    [`gcr.io/d/cc@sha256:${hex}`, 'gcr.io', 'd/cc', undefined, `sha256:${hex}`],
    [`gcr.io/d/cc:t@sha256:${hex}`, 'gcr.io', 'd/cc', 't', `sha256:${hex}`],
    [`x.y/z@sha512:${hex}${hex}`, 'x.y', 'z', undefined, `sha512:${hex}${hex}`],
    ['x.y/a__b--c.d_e', 'x.y', 'a__b--c.d_e', undefined, undefined],
  ])('%s', (text, registry, repository, tag, digest) => {
    expect(parseReference(text)).toEqual({ registry, repository, ...(tag && { tag }), ...(digest && { digest }) });
  });

  test.each([
    '',
    ':tag',
    'a//b',
    '/a',
    'a/',
    'x.y/../z',
    'x.y/a/..',
    'x.y/.a',
    'x.y/a.',
    'x.y/a___b',
    'x.y/A',
    'x.y/a:',
    'x.y/a:.x',
    'x.y/a:b/c',
    `x.y/a:${'t'.repeat(129)}`,
    'x.y/a@',
    'x.y/a@sha256:abc',
    `x.y/a@sha256:${hex.toUpperCase()}`,
    `x.y/a@sha256:${hex}@sha256:${hex}`,
    'x.y:99999/a',
    'x.y:/a',
    'user:password@x.y/a',
    '-x.y/a',
    'x.y/a b',
    'x.y/a\n',
    `x.y/${'a/'.repeat(200)}a`,
    'http://x.y/a',
    'x.y/a?n=1',
    'x.y/%2e%2e',
  ])('%j is refused', (text) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'OCI_REFERENCE_INVALID' }));
  });

  const word = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  const component = fc
    .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '_', '__', '-', '---'), word), { maxLength: 2 }))
    .map(([first, rest]) => first + rest.flat().join(''));
  const repository = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
  const tag = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/);
  const digest = fc.stringMatching(/^[0-9a-f]{64}$/).map((text) => `sha256:${text}` as const);

  test('what is put together is taken apart the same', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('localhost', 'localhost:5000', 'a.example', '10.0.0.1:80', '[::1]:1'),
        repository,
        fc.option(tag, { nil: undefined }),
        fc.option(digest, { nil: undefined }),
        (registry, name, maybeTag, maybeDigest) => {
          const reference = {
            registry,
            repository: name,
            ...(maybeTag === undefined ? {} : { tag: maybeTag }),
            ...(maybeDigest === undefined ? {} : { digest: maybeDigest }),
          };
          expect(parseReference(formatReference(reference))).toEqual(reference);
        },
      ),
    );
  });

  test('any text gives a reference of valid parts, or our error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'aA0./:@-_[]%\0 '.split('')), maxLength: 60 })), (text) => {
        try {
          const { repository: name, tag: found } = parseReference(text);
          expect(isRepositoryName(name)).toBe(true);
          expect(name.split('/')).not.toContain('..');
          if (found !== undefined) expect(isTag(found)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ code: 'OCI_REFERENCE_INVALID' });
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('long text is judged without backtracking', () => {
    for (const text of [`${'a'.repeat(1e6)}!`, 'a-'.repeat(5e5), `${'a.'.repeat(5e5)}/b`, `x.y/${'a_'.repeat(5e5)}`, `[${':'.repeat(1e6)}`])
      expect(() => parseReference(text)).toThrow(expect.objectContaining({ code: 'OCI_REFERENCE_INVALID' }));
  });
});
