import { isProvenance, readProvenance, type InTotoStatement, type Provenance, type ResourceDescriptor } from '@colophon/attest';

/** A package that went into a build, and which archive keys vouched for it. */
export interface PackageWords {
  readonly name: string;
  readonly version: string;
  readonly architecture?: string;
  readonly signedBy: readonly string[];
}

/** What a statement says, in words. Nothing is proven by reading. */
export interface StatementWords {
  readonly predicateType: string;
  readonly builder?: string;
  /** `PipelineRun NAMESPACE/NAME`, or another build type's own name. */
  readonly build?: string;
  readonly buildType?: string;
  readonly sources: readonly { readonly uri: string; readonly commit: string }[];
  readonly packages: readonly PackageWords[];
  /** Archive keys, by fingerprint, with the number of packages that each vouched for. */
  readonly archiveKeys: readonly { readonly fingerprint: string; readonly packages: number }[];
  /** Time of the archive's snapshot. */
  readonly snapshots: readonly string[];
  readonly stepImages: readonly string[];
  readonly subjects: readonly string[];
  readonly startedOn?: string;
  readonly finishedOn?: string;
  readonly replayable?: boolean;
}

/** Never throws: what cannot be understood is left out. */
export function statementWords(statement: InTotoStatement): StatementWords {
  const { predicateType, subject = [] } = statement;
  const subjects = subject.map(({ name = '', digest }) => `${name}@${Object.entries(digest).map((pair) => pair.join(':'))[0] ?? ''}`);
  const provenance = provenanceOf(statement);
  if (provenance === undefined) {
    return { predicateType, sources: [], packages: [], archiveKeys: [], snapshots: [], stepImages: [], subjects };
  }
  const { dependencies, buildType, internalParameters } = provenance;
  const packages = dependencies.flatMap(packageOf);
  const build = buildOf(provenance);
  const { startedOn, finishedOn } = provenance;
  const replayable = internalParameters['replayable'];
  return {
    predicateType,
    builder: provenance.builderId,
    ...(build === undefined ? {} : { build }),
    ...(buildType === undefined ? {} : { buildType }),
    sources: distinct(dependencies.flatMap(sourceOf), ({ uri, commit }) => `${uri} ${commit}`),
    packages,
    archiveKeys: keysOf(packages),
    snapshots: distinct(
      dependencies.flatMap(({ annotations }) => textOf(annotations?.['snapshot'])),
      (time) => time,
    ),
    stepImages: dependencies.flatMap(({ uri = '', digest }) =>
      /^(?:oci|docker):\/\//.test(uri) ? [`${uri.replace(/^[a-z]+:\/\//, '')}@sha256:${digest?.['sha256'] ?? ''}`] : [],
    ),
    subjects,
    ...(startedOn === undefined ? {} : { startedOn }),
    ...(finishedOn === undefined ? {} : { finishedOn }),
    ...(typeof replayable === 'boolean' ? { replayable } : {}),
  };
}

function provenanceOf(statement: InTotoStatement): Provenance | undefined {
  try {
    return isProvenance(statement.predicateType) ? readProvenance(statement) : undefined;
  } catch {
    return undefined;
  }
}

function buildOf({ externalParameters, invocationId }: Provenance): string | undefined {
  const run = externalParameters['run'] as { kind?: unknown; namespace?: unknown; name?: unknown } | undefined;
  if (typeof run?.kind === 'string' && typeof run.name === 'string') return `${run.kind} ${String(run.namespace)}/${run.name}`;
  return invocationId;
}

function sourceOf({ uri = '', digest = {} }: ResourceDescriptor): { uri: string; commit: string }[] {
  const commit = digest['gitCommit'] ?? digest['sha1'];
  return commit === undefined || /^(?:pkg|oci|docker):/.test(uri) ? [] : [{ uri, commit }];
}

function packageOf({ uri = '', annotations = {} }: ResourceDescriptor): PackageWords[] {
  const match = /^pkg:deb\/[^/]+\/([^@?]+)@([^?]+)(?:\?arch=([^&]+))?/.exec(uri);
  if (match === null) return [];
  const [, name = '', version = '', architecture] = match.map((part) => (part === undefined ? undefined : decode(part)));
  const signedBy = annotations['signedBy'];
  return [
    {
      name,
      version,
      ...(architecture === undefined ? {} : { architecture }),
      signedBy: Array.isArray(signedBy) ? signedBy.filter((key) => typeof key === 'string') : [],
    },
  ];
}

function keysOf(packages: readonly PackageWords[]): { fingerprint: string; packages: number }[] {
  const counts = new Map<string, number>();
  for (const { signedBy } of packages) for (const key of signedBy) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts].map(([fingerprint, count]) => ({ fingerprint, packages: count }));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function textOf(value: unknown): string[] {
  return typeof value === 'string' ? [value] : [];
}

function distinct<Item>(items: readonly Item[], by: (item: Item) => string): Item[] {
  return [...new Map(items.map((item) => [by(item), item])).values()];
}
