import { describe, expect, it } from 'vitest';
import { expand, resolveEnv, type Lookup } from '@colophon/pipeline';

const maps: Record<string, Record<string, string>> = { c: { A: '1', 'not a name': 'x' } };
const lookup: Lookup = { configMap: (name) => maps[name], secret: (name) => (name === 's' ? { token: 'hush' } : undefined) };
const values = (...args: Parameters<typeof resolveEnv>) => {
  const found = resolveEnv(...args);
  return 'problem' in found ? found.problem : Object.fromEntries(found.values);
};

describe('environment', () => {
  it('takes ConfigMaps, Secrets and values, later ones first', () => {
    const found = resolveEnv(
      [{ prefix: 'P_', configMapRef: { name: 'c' } }],
      [
        { name: 'T', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
        { name: 'B', value: '$(P_A)-$(T)-$(NO)-$$(T)' },
      ],
      lookup,
    );
    expect('values' in found && Object.fromEntries(found.values)).toEqual({ P_A: '1', T: 'hush', B: '1-hush-$(NO)-$(T)' });
    expect('values' in found && found.secrets).toEqual(['hush']);
  });

  it('says what is missing unless it is optional', () => {
    expect(values([{ secretRef: { name: 'no' } }], [], lookup)).toBe('secret "no" not found');
    expect(values([{ secretRef: { name: 'no', optional: true } }], [], lookup)).toEqual({});
    expect(values([], [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'Z' } } }], lookup)).toContain('Z');
    expect(values([], [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'c', key: 'Z', optional: true } } }], lookup)).toEqual({});
  });

  it('expands in linear time', () => {
    const text = '$('.repeat(500_000);
    expect(expand(text, new Map([['A', 'a']]))).toBe(text);
    expect(expand(`${text})`, new Map([['A', 'a']]))).toBe(`${text})`);
  });
});
