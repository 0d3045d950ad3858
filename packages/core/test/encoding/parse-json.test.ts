import { describe, expect, it } from 'vitest';
import { parseJson } from '@colophon/core';

const refused = (text: Uint8Array | string) =>
  expect(() => parseJson(text, 'it')).toThrow(expect.objectContaining({ code: 'CORE_JSON_INVALID' }) as Error);

describe('parseJson', () => {
  it('reads JSON', () => {
    expect(parseJson(Buffer.from('{"a": [1, "ü", null]}'))).toEqual({ a: [1, 'ü', null] });
    expect(parseJson('"x"')).toBe('x');
  });

  it.each(['', '{', "{'a': 1}", '{"a": 01}', '[1,]', 'NaN', '{"a": 1} x', '\u0000'])('refuses %j', (text) => refused(text));

  it('refuses bytes that are not UTF-8', () => {
    refused(Buffer.from([0x22, 0xff, 0x22]));
    refused(Buffer.from([0x22, 0xc0, 0x80, 0x22]));
    refused(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]));
  });

  it('refuses the prototype as a key, wherever it is and however it is written', () => {
    refused('{"__proto__": 1}');
    refused('[{"a": {"__proto__": {}}}]');
    refused(String.raw`{"\u005f_proto__": 1}`);
    expect(parseJson('{"constructor": {"prototype": 1}}')).toEqual({ constructor: { prototype: 1 } });
  });

  it('refuses deep nesting, also a hundred thousand deep', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseJson(nested(128))).toBeDefined();
    refused(nested(200));
    refused(nested(100_000));
  });
});
