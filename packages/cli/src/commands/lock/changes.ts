import { compareVersions, type Lock } from '@colophon/debian';

export interface LockChanges {
  readonly added: readonly { name: string; version: string }[];
  readonly removed: readonly { name: string; version: string }[];
  readonly changed: readonly { name: string; from: string; to: string; direction: 'newer' | 'older' | 'same version' }[];
}

/** What a lock has otherwise than an older one, by package name. */
export function changes(before: Lock, after: Lock): LockChanges {
  const old = new Map(before.packages.map((entry) => [entry.name, entry]));
  const now = new Map(after.packages.map((entry) => [entry.name, entry]));
  const plain = ({ name, version }: { name: string; version: string }) => ({ name, version });
  const changed = after.packages.flatMap(({ name, version, sha256 }) => {
    const previous = old.get(name);
    if (previous === undefined || previous.sha256 === sha256) return [];
    const order = compareVersions(version, previous.version);
    return [
      {
        name,
        from: previous.version,
        to: version,
        direction: order > 0 ? ('newer' as const) : order < 0 ? ('older' as const) : ('same version' as const),
      },
    ];
  });
  return {
    added: after.packages.filter(({ name }) => !old.has(name)).map(plain),
    removed: before.packages.filter(({ name }) => !now.has(name)).map(plain),
    changed,
  };
}

export function changesText({ added, removed, changed }: LockChanges): string[] {
  if (added.length + removed.length + changed.length === 0) return ['  no package changed'];
  return [
    ...added.map(({ name, version }) => `  + ${name} ${version}`),
    ...removed.map(({ name, version }) => `  - ${name} ${version}`),
    ...changed.map(({ name, from, to, direction }) => `  ~ ${name} ${from} → ${to}${direction === 'newer' ? '' : ` (${direction})`}`),
  ];
}
