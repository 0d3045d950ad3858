import type { Subject } from '../statement/types.ts';
import { buildArtifacts, images, pairedArtifacts, structuredArtifacts, type Artifact } from './hints.ts';
import type { ImageName } from './image-name.ts';
import { merge, type Named } from './merge.ts';
import { executedTasks, type NamedValue, type PipelineRunFamily, type TaskRun } from './objects.ts';

/** Subjects as formats in-toto, slsa/v1 and slsa/v2alpha3 take them from results. */
export function hintedSubjects(results: readonly NamedValue[] = []): Named[] {
  return merge(
    [],
    [
      ...images(results).map(ofImage),
      ...pairedArtifacts(results).map(ofArtifact),
      ...structuredArtifacts(results, 'ARTIFACT_OUTPUTS').map(ofArtifact),
    ],
  );
}

/** Subjects as slsa/v2alpha4 takes them: images, and outputs that call themselves build artifacts. */
export function buildSubjects(results: readonly NamedValue[] = []): Named[] {
  return merge([], [...buildArtifacts(results).map(ofArtifact), ...images(results).map(ofImage)]);
}

/** slsa/v2alpha4 reads the results of StepActions too. */
export function taskRunBuildSubjects({ status }: TaskRun): Named[] {
  return buildSubjects([...(status?.results ?? []), ...(status?.steps ?? []).flatMap(({ results = [] }) => results)]);
}

/** A PipelineRun's subjects: with deep inspection those of its TaskRuns first. */
export function pipelineSubjects(family: PipelineRunFamily, deepInspection: boolean): Named[] {
  const own = hintedSubjects(family.run.status?.results);
  if (!deepInspection) return own;
  const children = executedTasks(family).flatMap(({ taskRuns }) => taskRuns);
  return merge(
    children.reduce<Named[]>((found, child) => merge(found, hintedSubjects(child.status?.results)), []),
    own,
  );
}

export function pipelineBuildSubjects(family: PipelineRunFamily, deepInspection: boolean): Named[] {
  const own = buildSubjects(family.run.status?.results);
  if (!deepInspection) return own;
  const children = executedTasks(family).flatMap(({ taskRuns }) => taskRuns);
  return children.reduce((found, child) => merge(found, taskRunBuildSubjects(child)), own);
}

/** As the statement's member: none where there is no subject. */
export function subjectMember(subjects: readonly Named[]): { subject?: readonly Subject[] } {
  return subjects.length === 0 ? {} : { subject: subjects };
}

function ofImage({ repository, sha256 }: ImageName): Named {
  return { name: repository, digest: { sha256 } };
}

function ofArtifact({ uri, algorithm, hex }: Artifact): Named {
  return { name: uri, digest: { [algorithm]: hex } };
}
