import { describe, expect, it } from 'vitest';
import { parseDocuments } from '@colophon/pipeline';

const plain = (text: string) => parseDocuments(text, 'file.yaml').map(({ value }) => value);
const refused = (text: string): string => {
  try {
    parseDocuments(text, 'file.yaml');
  } catch (error) {
    expect(error).toMatchObject({ code: 'PIPELINE_YAML_INVALID' });
    return (error as Error).message;
  }
  throw new Error('it was taken');
};

describe('parseDocuments', () => {
  it('reads several documents, leaves empty ones out and opens Lists', () => {
    const text = '# only a comment\n---\na: 1\n---\n---\nkind: List\napiVersion: v1\nitems:\n  - b: 2\n  - c: 3\n';
    const documents = parseDocuments(text);
    expect(documents.map(({ value }) => value)).toEqual([{ a: 1 }, { b: 2 }, { c: 3 }]);
    expect(documents.map(({ line }) => line)).toEqual([3, 9, 10]);
  });

  it('knows the line of a field as error messages name it, or of its nearest parent', () => {
    const [document] = parseDocuments('kind: Task\nspec:\n  steps:\n    - name: one\n      image: x\n    - name: two\n      image: y\n');
    expect(
      ['kind', 'spec.steps[1].image', 'spec.steps[1].script', 'spec.steps[7]', 'nowhere'].map((path) => document?.lineOf(path)),
    ).toEqual([1, 7, 6, 3, 1]);
  });

  it('reads scalars as Kubernetes does', () => {
    expect(plain('a: yes\nb: 0o7\nc: 010\nd: 2001-01-01\ne: 1:30\nf: "1"\ng: ~\n')).toEqual([
      { a: true, b: '0o7', c: 8, d: '2001-01-01', e: '1:30', f: '1', g: null },
    ]);
  });

  it('takes anchors and merge keys', () => {
    expect(plain('base: &base {x: 1, z: 2}\nmore: {<<: *base, z: 3}\n')).toEqual([{ base: { x: 1, z: 2 }, more: { x: 1, z: 3 } }]);
  });

  it('reads brackets in a script as text', () => {
    const script = '[\n'.repeat(500);
    expect(plain(`a: |\n  ${script.replaceAll('\n', '\n  ')}`)).toHaveLength(1);
  });

  it.each([
    ['a key given twice', 'a: 1\nb: 2\na: 3\n', 'file.yaml:3: key "a" is given twice'],
    ['a key given twice in two types', 'a: 1\n1: 2\n"1": 3\n', 'file.yaml:3: key "1" is given twice'],
    ['__proto__', 'a:\n  __proto__: {x: 1}\n', 'file.yaml:2: a key must be plain text'],
    ['a key that is a list', 'a: 1\n? [x]\n: 2\n', 'file.yaml:2: a key must be plain text'],
    ['an unknown tag', 'a: 1\nb: !!js/function x\n', 'file.yaml:2: Unresolved tag: tag:yaml.org,2002:js/function'],
    ['tabs for indentation', 'a:\n\tb: 1\n', 'file.yaml:2: Tabs are not allowed as indentation'],
    ['a bare text', 'a: 1\n---\nhello\n', 'file.yaml:3: a document must be a map with apiVersion and kind'],
    ['a List of texts', 'kind: List\nitems:\n- x\n', 'file.yaml:3: an item of a List must be a map with apiVersion and kind'],
    ['an alias to nothing', 'a: *b\n', 'file.yaml:1: Unresolved alias (the anchor must be set before the alias): b'],
  ])('refuses %s, with its line', (_what, text, message) => {
    expect(refused(text)).toBe(message);
  });

  it.each([
    ['aliases of aliases', `a: &a [${'1,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [${'*c,'.repeat(9)}]\n`],
    ['endless brackets', '['.repeat(1_000_000)],
    ['endless braces', '{a: '.repeat(500_000)],
    ['endless dashes', '- '.repeat(500_000)],
    ['endless indentation', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
    ['too many documents', '---\na: 1\n'.repeat(50_000)],
    ['too many tokens', '*a '.repeat(600_000)],
    ['too long a text', ' '.repeat(4 * 1024 * 1024)],
  ])('refuses %s', (_what, text) => {
    expect(refused(text)).toMatch(/^file\.yaml/);
  });

  it('reads a map of very many keys without comparing each with each', () => {
    const text = Array.from({ length: 60_000 }, (_, index) => `k${index}: 1`).join('\n');
    expect(Object.keys(plain(text)[0] ?? {})).toHaveLength(60_000);
  });
});
