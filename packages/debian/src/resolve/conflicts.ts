import { formatRelation, parseRelations, type Relation } from '../version/relation.ts';
import { providedBy, satisfiedBy } from './satisfy.ts';
import type { PackageRecord } from './universe.ts';

export interface Conflict {
  readonly package: string;
  readonly other: string;
  readonly field: 'Conflicts' | 'Breaks';
  /** The relation that the other package fits. */
  readonly relation: string;
}

/**
 * All pairs that must not be installed together (policy 7.3, 7.4). A package never conflicts with itself, also not with
 * what it provides; a version is matched by the package or a versioned `Provides`; no qualifier means any architecture.
 */
export function findConflicts(records: readonly PackageRecord[], architecture: string): Conflict[] {
  return records.flatMap((record) => records.flatMap((other) => conflictsBetween(record, other, architecture)));
}

export function conflictsBetween(record: PackageRecord, other: PackageRecord, architecture: string): Conflict[] {
  if (record.name === other.name) return [];
  const hits = (value: string, field: Conflict['field']) =>
    value === ''
      ? []
      : relationsOf(value)
          .filter((relation) => satisfiedBy(plain(relation), other, architecture) || providedBy(plain(relation), other))
          .map((relation) => ({ package: record.name, other: other.name, field, relation: formatRelation(relation) }));
  return [...hits(record.conflicts, 'Conflicts'), ...hits(record.breaks, 'Breaks')];
}

const parsed = new Map<string, Relation[]>();

/** The same fields are matched against every other package: parsed once. */
function relationsOf(value: string): Relation[] {
  let relations = parsed.get(value);
  if (relations === undefined) {
    if (parsed.size > 10_000) parsed.clear();
    relations = parseRelations(value).flat();
    parsed.set(value, relations);
  }
  return relations;
}

/** `:any` in a negative relation is every architecture, which with one architecture says nothing. */
function plain(relation: Relation): Relation {
  if (relation.qualifier !== 'any') return relation;
  const { qualifier: _, ...rest } = relation;
  return rest;
}
