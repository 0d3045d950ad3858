import {
  isProvenance,
  parseStatement,
  readProvenance,
  type InTotoStatement,
  type Provenance,
  type ResourceDescriptor,
} from '@colophon/attest';

/** A statement as a person reads it: label and text, one a line. */
export type Words = readonly (readonly [label: string, text: string])[];

const shown = 8;

/** What was built, by whom, from where, with which inputs. Only what the statement says: the signature decides what it is worth. */
export function statementWords(payload: Buffer): { statement?: InTotoStatement; words: Words } {
  let statement: InTotoStatement;
  try {
    statement = parseStatement(payload);
  } catch (error) {
    return { words: [['statement', `unreadable: ${(error as Error).message}`]] };
  }
  const { subject = [], predicateType } = statement;
  const about: Words = [
    ...subject.slice(0, shown).map((item) => ['subject', named(item)] as const),
    ...(subject.length > shown ? [['', `and ${subject.length - shown} more`] as const] : []),
    ['says', predicateType],
  ];
  if (!isProvenance(predicateType)) return { statement, words: about };
  try {
    return { statement, words: [...about, ...provenanceWords(readProvenance(statement))] };
  } catch (error) {
    return { statement, words: [...about, ['provenance', `unreadable: ${(error as Error).message}`]] };
  }
}

function provenanceWords(provenance: Provenance): Words {
  const { builderId, buildType, startedOn, finishedOn, configSource, externalParameters, dependencies } = provenance;
  const kinds = Map.groupBy(dependencies, kindOf);
  const sources = [...(configSource === undefined ? [] : [configSource]), ...(kinds.get('source') ?? [])];
  const own = externalParameters['source'];
  if (sources.length === 0 && typeof own === 'object' && own !== null) sources.push(own);
  const rest = [...kinds]
    .filter(([kind]) => kind !== 'source')
    .map(([kind, items]) => `${items.length} ${kind}${items.length === 1 ? '' : 's'}`);
  return [
    ['built by', builderId],
    ...(buildType === undefined ? [] : [['build type', buildType] as const]),
    ...distinct(sources.map(named)).map((source) => ['built from', source] as const),
    ['with', dependencies.length === 0 ? 'no inputs that it names' : [...rest, `${dependencies.length} inputs in all`].join(', ')],
    ...(startedOn === undefined && finishedOn === undefined ? [] : [['when', `${startedOn ?? '?'} to ${finishedOn ?? '?'}`] as const]),
  ];
}

/** By the names and addresses that dependencies have: source trees, Debian packages, images. */
function kindOf({ name = '', uri = '' }: ResourceDescriptor): string {
  if (name.startsWith('source/') || /^git\+|^git:|\.git(?:@|$)/.test(uri)) return 'source';
  if (uri.startsWith('pkg:deb/')) return 'Debian package';
  if (/^(?:oci:|pkg:docker|pkg:oci)/.test(uri) || name === 'image') return 'image';
  if (name.startsWith('lock/')) return 'lock';
  if (name.startsWith('definition/')) return 'definition';
  return 'other input';
}

function named({ name, uri, digest }: { name?: string; uri?: string; digest?: Readonly<Record<string, string>> }): string {
  const [first] = Object.entries(digest ?? {});
  return `${uri ?? name ?? 'unnamed'}${first === undefined ? '' : ` ${first[0]}:${first[1]}`}`;
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
