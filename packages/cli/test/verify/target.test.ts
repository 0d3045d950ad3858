import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { targetOf } from '../../src/commands/verify/target.ts';
import { predicateTypeOf } from '../../src/commands/verify/types.ts';

const place = mkdtempSync(join(tmpdir(), 'colophon-target-'));
afterAll(() => rmSync(place, { recursive: true, force: true }));
const layout = join(place, 'layout');
mkdirSync(layout);
writeFileSync(join(layout, 'oci-layout'), '{}');
const digest = `sha256:${'ab'.repeat(32)}`;

describe('what is to be verified', () => {
  it('is a layout where a folder says so, and an image in it by digest or name', async () => {
    expect(await targetOf(layout)).toEqual({ layout: { directory: layout } });
    expect(await targetOf(`${layout}@${digest}`)).toEqual({ layout: { directory: layout, image: digest } });
    expect(await targetOf(`${layout}:nonroot`)).toEqual({ layout: { directory: layout, image: 'nonroot' } });
  });

  it('is a reference otherwise', async () => {
    for (const text of [`host.example:5000/a@${digest}`, 'host.example/a:1', place, 'debian'])
      expect(await targetOf(text)).toEqual({ reference: text });
  });

  it('has a predicate type by short name or URI', () => {
    expect(predicateTypeOf('slsaprovenance1')).toBe('https://slsa.dev/provenance/v1');
    expect(predicateTypeOf('slsaprovenance')).toBe('https://slsa.dev/provenance/v0.2');
    expect(predicateTypeOf('https://example.org/own')).toBe('https://example.org/own');
    for (const name of ['provenance', 'constructor', ''])
      expect(() => predicateTypeOf(name)).toThrow(expect.objectContaining({ code: 'CLI_USAGE' }));
  });
});
