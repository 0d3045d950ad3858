import { buildType, readProvenance, type InTotoStatement, type ResourceDescriptor } from '@colophon/attest';
import { parseJson, sha256Hex, type Digest } from '@colophon/core';
import { rebuildErrors } from '../errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface RecordedRun {
  readonly apiVersion: string;
  readonly kind: 'PipelineRun' | 'TaskRun';
  readonly namespace: string;
  readonly name: string;
}

/** A Task or Pipeline that was an object of the store: it must be there again before the run is. */
export interface RecordedDefinition {
  readonly kind: 'Pipeline' | 'Task';
  readonly namespace: string;
  readonly name: string;
  readonly spec: Json;
  readonly revision?: string;
  readonly path?: string;
}

export interface RecordedImage {
  /** `HOST/PATH`. */
  readonly repository: string;
  readonly digest: Digest;
  /** As steps named it. */
  readonly references: readonly string[];
  /** `TASK/STEP`. */
  readonly steps: readonly string[];
}

/** What the statement says of a build, checked for what a replay needs. */
export interface Recorded {
  readonly run: RecordedRun;
  readonly spec: Json;
  /** Subjects: what the build made. `repository` is `HOST/PATH`. */
  readonly subjects: readonly { readonly repository: string; readonly digest: Digest }[];
  readonly dependencies: readonly ResourceDescriptor[];
  readonly definitions: readonly RecordedDefinition[];
  readonly images: readonly RecordedImage[];
  readonly builderId: string;
  /** False: the first run failed after it had made an image. */
  readonly succeeded: boolean;
}

/**
 * Reads a statement that was verified already: its signer is trusted to say what happened, but what is read here is still checked, since it
 * decides what is run. Throws REBUILD_NOT_REPLAYABLE, REBUILD_RECORD_INVALID, ATTEST_PREDICATE_INVALID.
 */
export function readRecorded(statement: InTotoStatement): Recorded {
  const provenance = readProvenance(statement);
  if (provenance.buildType !== buildType) {
    throw rebuildErrors.error('REBUILD_NOT_REPLAYABLE', `builds of type ${provenance.buildType ?? '(none)'} cannot be replayed`, {
      hint: `What can be replayed is ${buildType}.`,
    });
  }
  const { network, replayable } = provenance.internalParameters;
  if (network !== false) throw rebuildErrors.error('REBUILD_NOT_REPLAYABLE', 'a step of the build could reach the network');
  // Anything but a plain true, or nothing at all, is no promise.
  if (replayable !== true) {
    throw rebuildErrors.error(
      'REBUILD_NOT_REPLAYABLE',
      'the build saw something that its record does not fix: a Secret, a ConfigMap or a volume',
    );
  }
  const { run, spec } = provenance.externalParameters;
  const { dependencies } = provenance;
  return {
    run: runOf(run),
    spec: object(spec, 'externalParameters.spec'),
    subjects: (statement.subject ?? []).map(({ name, digest }) => ({
      repository: text(name, 'a subject’s name'),
      digest: `sha256:${text(digest['sha256'], 'a subject’s SHA-256')}`,
    })),
    dependencies,
    definitions: definitionsOf(dependencies),
    images: dependencies.filter(({ name }) => name === 'image').map(imageOf),
    builderId: provenance.builderId,
    succeeded: provenance.byproducts.find(({ name }) => name === 'outcome')?.annotations?.['succeeded'] !== false,
  };
}

function runOf(value: unknown): RecordedRun {
  const { apiVersion, kind, namespace, name } = object(value, 'externalParameters.run');
  if (kind !== 'PipelineRun' && kind !== 'TaskRun') throw invalid(`it is about a ${String(kind)}, which is no run`);
  if (apiVersion !== 'tekton.dev/v1') throw invalid(`the run's apiVersion is ${String(apiVersion)}`);
  return { apiVersion, kind, namespace: text(namespace, 'the run’s namespace'), name: text(name, 'the run’s name') };
}

/** Definitions of the store stand in the statement whole; what several tasks share is one object. */
function definitionsOf(dependencies: readonly ResourceDescriptor[]): RecordedDefinition[] {
  const found = new Map<string, { digest: string; definition: RecordedDefinition }>();
  for (const { name = '', uri, digest, content, annotations = {} } of dependencies) {
    if (!name.startsWith('definition/') || annotations['source'] === 'inline') continue;
    if (annotations['source'] !== 'store') {
      throw rebuildErrors.error(
        'REBUILD_NOT_REPLAYABLE',
        `${name} came from ${uri ?? 'elsewhere'}: definitions of that kind cannot be replayed`,
      );
    }
    const match = /^([^/]+)\/(pipelines|tasks)\/([^/]+)$/.exec(uri ?? '');
    const sha256 = digest?.['sha256'];
    if (match === null || content === undefined || sha256 === undefined) throw invalid(`${name} lacks its place, its text or its digest`);
    const bytes = Buffer.from(content, 'base64');
    if (sha256Hex(bytes) !== sha256) throw invalid(`the text of ${name} does not have its digest`);
    const known = found.get(match[0]);
    if (known !== undefined && known.digest !== sha256) {
      throw rebuildErrors.error('REBUILD_NOT_REPLAYABLE', `${match[0]} changed while the build ran`);
    }
    const [, namespace, plural, objectName] = match as unknown as [string, string, string, string];
    const definition: RecordedDefinition = {
      kind: plural === 'tasks' ? 'Task' : 'Pipeline',
      namespace,
      name: objectName,
      spec: object(parseJson(bytes, name), name),
      ...optional('revision', annotations['revision']),
      ...optional('path', annotations['path']),
    };
    found.set(match[0], { digest: sha256, definition });
  }
  return [...found.values()].map(({ definition }) => definition);
}

function imageOf({ uri = '', digest, annotations = {} }: ResourceDescriptor): RecordedImage {
  if (!uri.startsWith('oci://')) throw invalid(`a step image is at ${JSON.stringify(uri.slice(0, 200))}, which is no registry`);
  return {
    repository: uri.slice('oci://'.length),
    digest: `sha256:${text(digest?.['sha256'], 'a step image’s SHA-256')}`,
    references: texts(annotations['references']),
    steps: texts(annotations['steps']),
  };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

function object(value: unknown, what: string): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(`${what} is not an object`);
  return value as Json;
}

function text(value: unknown, what: string): string {
  if (typeof value !== 'string' || value === '') throw invalid(`${what} is missing`);
  return value;
}

function optional<Name extends string>(name: Name, value: unknown): { [Key in Name]?: string } {
  return typeof value === 'string' ? ({ [name]: value } as { [Key in Name]?: string }) : {};
}

function invalid(what: string): Error {
  return rebuildErrors.error('REBUILD_RECORD_INVALID', `the provenance cannot be replayed: ${what}`);
}
