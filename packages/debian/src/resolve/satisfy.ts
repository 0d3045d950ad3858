import { parseRelations, satisfiesVersion, type Relation } from '../version/relation.ts';
import type { PackageRecord, Universe } from './universe.ts';

/**
 * Whether a package itself satisfies a relation: name, version, architecture qualifier. With one architecture (policy 7.1,
 * dpkg's deb_package_archsatisfied): no qualifier fits always; `:any` needs `Multi-Arch: allowed`; a named architecture
 * must be the package's, where `all` stands for the native one.
 */
export function satisfiedBy(relation: Relation, record: PackageRecord, architecture: string): boolean {
  if (relation.name !== record.name || !satisfiesVersion(relation, record.version)) return false;
  if (relation.qualifier === undefined) return true;
  if (relation.qualifier === 'any') return record.multiArch === 'allowed';
  return relation.qualifier === (record.architecture === 'all' ? architecture : record.architecture);
}

/** Whether a package satisfies a relation by one of its `Provides`: a version is only matched by a versioned one (policy 7.5). */
export function providedBy(relation: Relation, record: PackageRecord): boolean {
  if (record.provides === '' || !record.provides.includes(relation.name)) return false;
  if (relation.qualifier !== undefined && relation.qualifier !== 'any') return false;
  return parseRelations(record.provides).some(([provided]) => provided !== undefined && provides(relation, provided));
}

export function provides(relation: Relation, provided: Relation): boolean {
  if (provided.name !== relation.name || (relation.qualifier ?? '') !== (provided.qualifier ?? '')) return false;
  if (relation.operator === undefined) return true;
  return provided.operator === '=' && provided.version !== undefined && satisfiesVersion(relation, provided.version);
}

const priorities = ['required', 'important', 'standard', 'optional', 'extra'];

/**
 * Packages that could satisfy a relation, best first: the package of that name, then those that provide it: essential
 * ones, then by priority, then by name. `candidate` says which version of a package may be used at all.
 */
export function targets(
  relation: Relation,
  universe: Universe,
  candidate: (name: string) => PackageRecord | undefined,
): readonly PackageRecord[] {
  const own = candidate(relation.name);
  const real = own !== undefined && satisfiedBy(relation, own, universe.architecture) ? [own] : [];
  const names = [...new Set(universe.providers(relation.name).map(({ record }) => record.name))];
  const providers = names
    .map(candidate)
    .filter((record) => record !== undefined && record.name !== relation.name && providedBy(relation, record))
    .map((record) => record as PackageRecord)
    .sort(
      (left, right) =>
        Number(right.essential) - Number(left.essential) ||
        priorities.indexOf(left.priority) - priorities.indexOf(right.priority) ||
        (left.name < right.name ? -1 : 1),
    );
  return [...real, ...providers];
}
