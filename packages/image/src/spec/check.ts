import type { ImageSpec, VariantSpec } from './schema.ts';

export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** What the schema cannot say: names that repeat, and parts that do not fit together. */
export function checkSpec(spec: ImageSpec): Contradiction[] {
  const found: Contradiction[] = [
    ...repeated(spec.architectures, ['architectures'], (one) => one),
    ...repeated(spec.accounts?.users ?? [], ['accounts', 'users'], ({ name }) => name),
    ...repeated(spec.accounts?.groups ?? [], ['accounts', 'groups'], ({ name }) => name),
    ...partsOf(spec, [], new Set()),
  ];
  if (spec.variants !== undefined && Object.keys(spec.variants).length === 0)
    found.push({ path: ['variants'], message: 'there must be at least one' });
  const shared = new Set(listed(spec).map(packageName));
  for (const [tag, variant] of Object.entries(spec.variants ?? {}))
    if (variant !== null) found.push(...partsOf(variant, ['variants', tag], shared));
  return found;
}

function partsOf(parts: VariantSpec | ImageSpec, at: readonly (string | number)[], before: ReadonlySet<string>): Contradiction[] {
  const found = repeated(listed(parts), [...at, 'packages'], packageName, before);
  for (const [index, entry] of (parts.paths ?? []).entries()) {
    if (entry.path === '/' && entry.type !== 'permissions')
      found.push({ path: [...at, 'paths', index, 'path'], message: 'the root directory is always there; its permissions may be set' });
    if (entry.type === 'permissions' && entry.mode === undefined && entry.user === undefined && entry.group === undefined) {
      found.push({ path: [...at, 'paths', index], message: 'sets neither mode nor user nor group' });
    }
  }
  return found;
}

function listed(parts: VariantSpec | ImageSpec): Exclude<VariantSpec['packages'], 'all' | undefined> {
  return parts.packages === 'all' ? [] : (parts.packages ?? []);
}

function packageName(use: string | { name: string }): string {
  return typeof use === 'string' ? use : use.name;
}

function repeated<Item>(
  items: readonly Item[],
  at: readonly (string | number)[],
  key: (item: Item) => string,
  before: ReadonlySet<string> = new Set(),
): Contradiction[] {
  const seen = new Set(before);
  const found: Contradiction[] = [];
  for (const [index, item] of items.entries()) {
    const name = key(item);
    if (seen.has(name)) found.push({ path: [...at, index], message: `${name} is there twice` });
    seen.add(name);
  }
  return found;
}
