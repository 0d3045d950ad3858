import type { InTotoStatement, ResourceDescriptor } from '@colophon/attest';
import { canonicalJson, canonicalJsonBytes, sha256Hex, type Digest } from '@colophon/core';
import { rebuildErrors } from '../errors.ts';
import { moveReference, pinSpec } from './pin.ts';
import { readRecorded, type Json, type Recorded, type RecordedImage, type RecordedRun } from './recorded.ts';

/** An object to be created in the second server, as its Kubernetes-shaped API takes it. */
export interface ReplayObject {
  readonly apiVersion: 'tekton.dev/v1';
  readonly kind: 'PipelineRun' | 'TaskRun' | 'Pipeline' | 'Task';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: Json;
}

/** A dependency that the replay must have too. `derived`: its digest follows from the run's own spec, part of which was pinned. */
export interface ExpectedDependency {
  readonly descriptor: ResourceDescriptor;
  readonly derived: boolean;
}

export interface ReplayPlan {
  /** The image that is to come out again. */
  readonly subject: { readonly repository: string; readonly digest: Digest };
  /** Everything that the build made. */
  readonly subjects: Recorded['subjects'];
  readonly run: RecordedRun;
  readonly builderId: string;
  /** False: the first run failed after it had made the image. */
  readonly succeeded: boolean;
  readonly images: readonly RecordedImage[];
  readonly dependencies: readonly ResourceDescriptor[];
  /** What to submit to a server whose registry is at `HOST:PORT`: definitions first, the run last. */
  objects(registry: string): readonly ReplayObject[];
  /** What the record of the replay must name. */
  expected(registry: string): readonly ExpectedDependency[];
  /** Where the replay pushes what was at `HOST/PATH`. */
  target(repository: string, registry: string): string;
}

/**
 * How to repeat a build from its verified provenance. Pure. Throws REBUILD_NOT_REPLAYABLE where the statement does not fix everything that the build
 * saw, REBUILD_SUBJECT_UNKNOWN where it is about other images, REBUILD_RECORD_INVALID.
 */
export function replayPlan(statement: InTotoStatement, { digest, repository }: { digest: Digest; repository?: string }): ReplayPlan {
  const recorded = readRecorded(statement);
  const { run, spec, subjects, dependencies, definitions, images } = recorded;
  const about = subjects.filter((one) => one.digest === digest);
  const subject = about.find((one) => one.repository === repository) ?? about[0];
  if (subject === undefined) throw rebuildErrors.error('REBUILD_SUBJECT_UNKNOWN', `the provenance says nothing of ${digest}`);
  if (spec['status'] !== undefined) {
    throw rebuildErrors.error('REBUILD_NOT_REPLAYABLE', `the run was stopped from outside (${JSON.stringify(spec['status'])})`);
  }
  const inputs = dependencies.filter(({ name = '' }) => /^(?:source|lock)\//.test(name));
  const pins = (registry: string) => ({ inputs, images, registry });

  return {
    subject,
    subjects,
    run,
    builderId: recorded.builderId,
    succeeded: recorded.succeeded,
    images,
    dependencies,
    objects(registry) {
      return [
        ...definitions.map(({ kind, namespace, name, spec: definition, revision, path }): ReplayObject => {
          const annotations = {
            ...(revision === undefined ? {} : { 'colophon.dev/source-revision': revision }),
            ...(path === undefined ? {} : { 'colophon.dev/source-path': path }),
          };
          return {
            apiVersion: 'tekton.dev/v1',
            kind,
            metadata: { name, namespace, annotations },
            spec: pinSpec(definition, pins(registry)),
          };
        }),
        {
          apiVersion: 'tekton.dev/v1',
          kind: run.kind,
          metadata: { name: run.name, namespace: run.namespace },
          spec: pinSpec(spec, pins(registry)),
        },
      ];
    },
    expected(registry) {
      const pinned = new Map(
        definitions.map(({ kind, namespace, name, spec: definition }) => [
          `${namespace}/${kind === 'Task' ? 'tasks' : 'pipelines'}/${name}`,
          canonicalJsonBytes(pinSpec(definition, pins(registry))),
        ]),
      );
      const inline = inlineParts(spec);
      const touched = canonicalJson(inlineParts(pinSpec(spec, pins(registry)))) !== canonicalJson(inline);
      return dependencies.map((descriptor) => {
        if (!descriptor.name?.startsWith('definition/')) return { descriptor, derived: false };
        const bytes = pinned.get(descriptor.uri ?? '');
        if (bytes === undefined) return { descriptor, derived: touched };
        return { descriptor: { ...descriptor, digest: { sha256: sha256Hex(bytes) }, content: bytes.toString('base64') }, derived: false };
      });
    },
    target: moveReference,
  };
}

/** The definitions that are written in the run itself; bindings of the run are not part of them. */
function inlineParts({ pipelineSpec, taskSpec }: Json): Json {
  return { pipelineSpec, taskSpec };
}
