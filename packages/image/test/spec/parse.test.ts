import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseImageSpec } from '../../src/spec/parse.ts';
import { imageSpecJsonSchema } from '../../src/spec/schema.ts';

const root = join(import.meta.dirname, '../../../..');

function problemsOf(text: string): string[] {
  try {
    parseImageSpec(text, 'x.yaml');
  } catch (error) {
    expect(error).toMatchObject({ code: 'IMAGE_SPEC_INVALID' });
    return (error as Error).message.split('\n');
  }
  return [];
}

describe('the examples', () => {
  const examples = readdirSync(join(root, 'examples/images')).filter((name) => name.endsWith('.yaml') && !name.endsWith('.lock.yaml'));

  test.each(examples)('%s is valid', (name) => {
    expect(parseImageSpec(readFileSync(join(root, 'examples/images', name), 'utf8')).name).toBe(name.replace('.yaml', ''));
  });

  test('there are six', () =>
    expect(examples.sort()).toEqual(['base.yaml', 'builder.yaml', 'cc.yaml', 'gcc.yaml', 'hello.yaml', 'static.yaml']));
});

test('the published JSON Schema is that of the code', () => {
  const published = JSON.parse(readFileSync(join(root, 'docs/formats/image-spec.schema.json'), 'utf8'));
  expect(published).toEqual(JSON.parse(JSON.stringify(imageSpecJsonSchema())));
});

describe('what is left out', () => {
  test('gets defaults', () => {
    expect(parseImageSpec('{version: 1, name: a}')).toMatchObject({ architectures: ['amd64'], usrMerge: true });
  });

  test('a variant may be empty', () =>
    expect(parseImageSpec('version: 1\nname: a\nvariants:\n  latest:\n').variants).toEqual({ latest: null }));
});

describe('problems are named with path, line and column', () => {
  test.each([
    ['version: 1\nname: Bad Name\n', ['x.yaml:2:7: name: must be lower-case letters and digits, parted by . _ or -']],
    ['version: 1\nname: a\npackages:\n  - libc6\n  - Bad\n', ['x.yaml:5:5: packages[1]: must be the name of a Debian package']],
    ['version: 1\nname: a\nconfig:\n  usr: "0"\n', ['x.yaml:4:8: config.usr: there is no such field']],
    ['version: 1\nname: a\npackages: [a1, b1, a1]\n', ['x.yaml:3:20: packages[2]: a1 is there twice']],
    ['version: 1\nname: a\nname: b\n', ['x.yaml:3:1: Map keys must be unique']],
    ['version: 1\nname: a\nfiles: [{ source: ../x, path: /a }]\n', ['x.yaml:3:19: files[0].source: must not lead upwards']],
    [
      'version: 1\nname: a\nfiles: [{ source: x, path: /a/../../b }]\n',
      ['x.yaml:3:28: files[0].path: must not hold . or .. or .wh. names'],
    ],
    [
      'version: 1\nname: a\npaths: [{ type: directory, path: /a, mode: 0755 }]\n',
      ['x.yaml:3:44: paths[0].mode: Invalid input: expected string, received number'],
    ],
    [
      'version: 1\nname: a\npackages: [base1]\nvariants: { x: { packages: [base1] } }\n',
      ['x.yaml:4:29: variants.x.packages[0]: base1 is there twice'],
    ],
    ['version: 1\nname: a\nvariants: {}\n', ['x.yaml:3:11: variants: there must be at least one']],
  ])('%j', (text, expected) => expect(problemsOf(text)).toEqual(expected));

  test('all of them, in the order of the file', () => {
    const problems = problemsOf('name: a b\nversion: 2\nunknown: 1\n');
    expect(problems.map((line) => line.split(':')[1])).toEqual(['1', '2', '3']);
  });
});

test('aliases may not multiply what is written', () => {
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefgh'
    .split('')
    .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(',')}]`)
    .join('\n')}\n`;
  expect(problemsOf(bomb).join()).toMatch(/Excessive alias count|resource exhaustion/);
});
