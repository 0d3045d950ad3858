import { debianErrors } from '../errors.ts';
import { formatGroup, parseRelations, type Relation } from '../version/relation.ts';
import { conflictsBetween, findConflicts, type Conflict } from './conflicts.ts';
import { createCandidates, parseRequested, type ResolveRequest } from './request.ts';
import { providedBy, satisfiedBy, targets } from './satisfy.ts';
import type { PackageRecord, Universe } from './universe.ts';

export type ResolveMode = 'closure' | 'explicit';

/** A dependency that nothing chosen satisfies: `libgcc-s1` or `libc6 (>= 2.39) | libc6-udeb`. */
export interface Unmet {
  readonly package: string;
  readonly field: 'Pre-Depends' | 'Depends';
  readonly relation: string;
}

export interface ResolvedPackage {
  readonly record: PackageRecord;
  /** The way from what was asked for to this package: `requested`, or one step a line, `gcc Depends gcc-14 (>= 14.2.0-6~)`. */
  readonly why: readonly string[];
  readonly unmet: readonly Unmet[];
}

export interface Resolution {
  /** By name. */
  readonly packages: readonly ResolvedPackage[];
  readonly unmet: readonly Unmet[];
  readonly conflicts: readonly Conflict[];
}

interface Group {
  readonly from: PackageRecord;
  readonly field: Unmet['field'];
  readonly alternatives: readonly Relation[];
}

interface Selected {
  readonly record: PackageRecord;
  readonly why: readonly string[];
}

/**
 * Chooses packages. `explicit`: exactly those asked for; what they lack is told, package by package. `closure`: with all
 * that they pre-depend and depend on, without recommendations. Dependencies that leave no choice are followed first; then
 * each choice, in the order in which it came up, is skipped if something chosen satisfies it, else its alternatives are
 * tried from left to right, the package of that name before those that provide it, passing over what conflicts with a
 * package chosen before. There is no going back on a choice: conflicts and unmet dependencies are reported, and who asked
 * refuses them. The result depends on the request and the indices only. Throws DEBIAN_PACKAGE_UNKNOWN.
 */
export function resolve(input: { universe: Universe; request: ResolveRequest; mode: ResolveMode }): Resolution {
  const { universe, request, mode } = input;
  const candidate = createCandidates(universe, request);
  const selected = new Map<string, Selected>();
  for (const text of request.packages) {
    const record = requestedRecord(text, universe, candidate);
    selected.set(record.name, { record, why: ['requested'] });
  }
  if (mode === 'closure') close(universe, candidate, selected);
  const records = [...selected.values()].map(({ record }) => record);
  const packages = [...selected.values()]
    .map((entry) => ({ ...entry, unmet: unmetOf(entry.record, records, universe.architecture) }))
    .sort((left, right) => (left.record.name < right.record.name ? -1 : 1));
  return {
    packages,
    unmet: packages.flatMap(({ unmet }) => unmet),
    conflicts: findConflicts(
      packages.map(({ record }) => record),
      universe.architecture,
    ),
  };
}

function requestedRecord(text: string, universe: Universe, candidate: (name: string) => PackageRecord | undefined): PackageRecord {
  const { name } = parseRequested(text);
  const own = candidate(name);
  if (own !== undefined) return own;
  const known = universe.versions(name).map(({ version, suite }) => `${version} (${suite})`);
  const providers = [...new Set(universe.providers(name).map(({ record }) => record.name))].sort();
  const hint =
    known.length > 0
      ? `There is ${known.join(', ')}.`
      : providers.length > 0
        ? `It is provided by ${providers.slice(0, 10).join(', ')}: ask for one of them.`
        : 'Check the name, the suites and the components.';
  throw debianErrors.error('DEBIAN_PACKAGE_UNKNOWN', `no package ${text} for ${universe.architecture}`, { hint });
}

function close(universe: Universe, candidate: (name: string) => PackageRecord | undefined, selected: Map<string, Selected>): void {
  const satisfied = (group: Group) =>
    group.alternatives.some((relation) => {
      const own = selected.get(relation.name)?.record;
      if (own !== undefined && satisfiedBy(relation, own, universe.architecture)) return true;
      return universe
        .providers(relation.name)
        .some(({ record }) => selected.get(record.name)?.record === record && providedBy(relation, record));
    });
  const forced = [...selected.values()].flatMap(({ record }) => groupsOf(record));
  const choices: Group[] = [];
  const select = (group: Group, record: PackageRecord) => {
    const origin = (selected.get(group.from.name) as Selected).why.filter((step) => step !== 'requested');
    selected.set(record.name, { record, why: [...origin, `${group.from.name} ${group.field} ${formatGroup(group.alternatives)}`] });
    forced.push(...groupsOf(record));
  };
  for (;;) {
    const first = forced.length > 0;
    const group = first ? forced.shift() : choices.shift();
    if (group === undefined) return;
    if (satisfied(group)) continue;
    const options = group.alternatives
      .flatMap((relation) => targets(relation, universe, candidate))
      .filter(({ name }) => !selected.has(name));
    if (first && new Set(options.map(({ name }) => name)).size > 1) {
      choices.push(group);
      continue;
    }
    const chosen = [...selected.values()].map(({ record }) => record);
    const best = options.find((option) => chosen.every((other) => !clash(option, other, universe.architecture))) ?? options[0];
    if (best !== undefined) select(group, best);
  }
}

function clash(left: PackageRecord, right: PackageRecord, architecture: string): boolean {
  return conflictsBetween(left, right, architecture).length > 0 || conflictsBetween(right, left, architecture).length > 0;
}

function groupsOf(record: PackageRecord): Group[] {
  const groups = (field: Unmet['field'], value: string) =>
    parseRelations(value).map((alternatives) => ({ from: record, field, alternatives }));
  return [...groups('Pre-Depends', record.preDepends), ...groups('Depends', record.depends)];
}

function unmetOf(record: PackageRecord, records: readonly PackageRecord[], architecture: string): Unmet[] {
  return groupsOf(record)
    .filter(
      ({ alternatives }) =>
        !alternatives.some((relation) =>
          records.some((other) => satisfiedBy(relation, other, architecture) || providedBy(relation, other)),
        ),
    )
    .map(({ field, alternatives }) => ({ package: record.name, field, relation: formatGroup(alternatives) }));
}
