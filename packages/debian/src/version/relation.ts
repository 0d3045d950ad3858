import { debianErrors } from '../errors.ts';
import { compareVersions } from './compare.ts';

export type RelationOperator = '<<' | '<=' | '=' | '>=' | '>>';

/** One alternative of a relationship field, `name:arch (op version)` (deb-control(5), Debian policy 7.1). */
export interface Relation {
  readonly name: string;
  /** The architecture qualifier, `any` or an architecture's name. */
  readonly qualifier?: string;
  readonly operator?: RelationOperator;
  readonly version?: string;
}

const pattern = /^([a-zA-Z0-9][a-zA-Z0-9+.-]*)(?::([a-z0-9][a-z0-9-]*))?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s()]+)\s*\))?$/;

/** Parses a field into its groups (comma) of alternatives (bar). An empty field has no groups. Throws DEBIAN_RELATION_INVALID. */
export function parseRelations(field: string): Relation[][] {
  return field
    .split(',')
    .map((group) => group.trim())
    .filter((group) => group !== '')
    .map((group) => group.split('|').map((alternative) => parseRelation(alternative.trim())));
}

export function parseRelation(text: string): Relation {
  const match = pattern.exec(text);
  if (match === null) throw debianErrors.error('DEBIAN_RELATION_INVALID', `not a relationship: ${JSON.stringify(text.slice(0, 200))}`);
  const [, name, qualifier, operator, version] = match;
  return {
    name: name as string,
    ...(qualifier === undefined ? {} : { qualifier }),
    ...(operator === undefined ? {} : { operator: modern(operator), version: version as string }),
  };
}

/** `<` and `>` are obsolete spellings of `<=` and `>=` (deb-control(5)). */
function modern(operator: string): RelationOperator {
  return operator === '<' ? '<=' : operator === '>' ? '>=' : (operator as RelationOperator);
}

/** Whether a version satisfies the relation's own version constraint (true when it has none). */
export function satisfiesVersion(relation: Relation, version: string): boolean {
  if (relation.operator === undefined || relation.version === undefined) return true;
  const order = compareVersions(version, relation.version);
  switch (relation.operator) {
    case '<<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '=':
      return order === 0;
    case '>=':
      return order >= 0;
    case '>>':
      return order > 0;
  }
}

export function formatRelation(relation: Relation): string {
  const name = relation.qualifier === undefined ? relation.name : `${relation.name}:${relation.qualifier}`;
  return relation.operator === undefined ? name : `${name} (${relation.operator} ${relation.version})`;
}

export function formatGroup(group: readonly Relation[]): string {
  return group.map(formatRelation).join(' | ');
}
