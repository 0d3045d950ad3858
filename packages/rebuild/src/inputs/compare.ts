import type { ResourceDescriptor } from '@colophon/attest';
import { canonicalJson, compareBytewise } from '@colophon/core';
import type { ExpectedDependency } from '../plan/replay.ts';

export interface InputDifference {
  readonly name: string;
  readonly uri?: string;
  /** `digest`, `content`, an annotation's name, or `entry` where one side lacks the dependency. */
  readonly field: string;
  readonly expected: unknown;
  readonly found: unknown;
}

export interface InputComparison {
  readonly differences: readonly InputDifference[];
  /** Packages, and for how many of them the replay too was shown an archive's signature; the rest are vouched for by their recorded hash. */
  readonly packages: { readonly count: number; readonly signedAgain: number };
}

/**
 * Who vouches for a package is not what goes into the build: an archive that has moved on signs other indices. By which name a step called
 * its image is not either. Everything else that a dependency says must be the same.
 */
const vouching = new Set(['signedBy', 'inRelease', 'references']);

/** Whether a replay used exactly what was recorded. Nothing may be missing, nothing more may be there. */
export function compareInputs(expected: readonly ExpectedDependency[], found: readonly ResourceDescriptor[]): InputComparison {
  const wanted = group(expected, ({ descriptor }) => key(descriptor));
  const given = group(found, key);
  const differences: InputDifference[] = [];
  for (const name of [...new Set([...wanted.keys(), ...given.keys()])].sort(compareBytewise)) {
    differences.push(...compareGroup(wanted.get(name) ?? [], given.get(name) ?? []));
  }
  const packages = found.filter(isPackage);
  const signedAgain = packages.filter(
    ({ annotations }) => Array.isArray(annotations?.['signedBy']) && annotations['signedBy'].length > 0,
  ).length;
  return { differences, packages: { count: packages.length, signedAgain } };
}

function isPackage({ name = '' }: ResourceDescriptor): boolean {
  return name.startsWith('package/');
}

function key({ name, uri }: ResourceDescriptor): string {
  return `${name ?? ''}\u0000${uri ?? ''}`;
}

/** Dependencies of one name and place: the same ones are taken off first, what is left is compared in order. */
function compareGroup(wanted: readonly ExpectedDependency[], given: readonly ResourceDescriptor[]): InputDifference[] {
  const rest = [...given];
  const missing = wanted.filter((one) => {
    const same = rest.findIndex((other) => differencesOf(one, other).length === 0);
    if (same >= 0) rest.splice(same, 1);
    return same < 0;
  });
  const differences = missing.flatMap((one) => {
    const other = rest.shift();
    return other === undefined ? [difference(one.descriptor, 'entry', one.descriptor.digest ?? true, null)] : differencesOf(one, other);
  });
  return [...differences, ...rest.map((other) => difference(other, 'entry', null, other.digest ?? true))];
}

function differencesOf({ descriptor, derived }: ExpectedDependency, other: ResourceDescriptor): InputDifference[] {
  const differences: InputDifference[] = [];
  const compare = (field: string, expected: unknown, found: unknown) => {
    if (canonicalJson(expected ?? null) !== canonicalJson(found ?? null))
      differences.push(difference(descriptor, field, expected ?? null, found ?? null));
  };
  if (!derived) {
    compare('digest', descriptor.digest, other.digest);
    compare('content', descriptor.content, other.content);
  }
  const [one, two] = [descriptor.annotations ?? {}, other.annotations ?? {}];
  for (const name of [...new Set([...Object.keys(one), ...Object.keys(two)])].sort(compareBytewise)) {
    if (!vouching.has(name)) compare(name, one[name], two[name]);
  }
  return differences;
}

function difference({ name = '', uri }: ResourceDescriptor, field: string, expected: unknown, found: unknown): InputDifference {
  return { name, ...(uri === undefined ? {} : { uri }), field, expected, found };
}

function group<Item>(items: readonly Item[], by: (item: Item) => string): Map<string, Item[]> {
  return Map.groupBy(items, by);
}
