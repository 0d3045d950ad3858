import { canonicalJson } from '@colophon/core';
import { predicateTypes, statementTypes, type InTotoStatement, type ResourceDescriptor } from '../statement/types.ts';
import { resultByproducts, type ByproductRule } from './byproducts.ts';
import { chainsBuildTypes, type ChainsConfig } from './config.ts';
import { goJson } from './go-json.ts';
import { hintedPipelineMaterials, hintedStepMaterials, hintedTaskMaterials, imageMaterials } from './materials.ts';
import type { Named } from './merge.ts';
import { executedTasks, type PipelineRun, type PipelineRunFamily, type RefSource, type TaskRun } from './objects.ts';
import { hintedSubjects, pipelineBuildSubjects, pipelineSubjects, subjectMember, taskRunBuildSubjects } from './subjects.ts';

/** slsa/v2alpha3 and slsa/v2alpha4: Statement v1 with SLSA provenance v1. They differ in subjects, StepActions and byproducts. */
export type FormatV1 = 'slsa/v2alpha3' | 'slsa/v2alpha4';

export function taskRunV1(run: TaskRun, config: ChainsConfig, format: FormatV1): InTotoStatement {
  const isNew = format === 'slsa/v2alpha4';
  const rule: ByproductRule = isNew ? 'withoutArtifacts' : 'all';
  const dependencies = [
    ...images(run),
    ...(isNew ? stepActions(run) : []),
    ...(isNew ? inputs(hintedStepMaterials(run)) : []),
    ...inputs(hintedTaskMaterials(run)),
  ];
  return statement(run, config, {
    subjects: isNew ? taskRunBuildSubjects(run) : hintedSubjects(run.status?.results),
    dependencies: [...definition('task', run.status?.provenance?.refSource), ...distinct(dependencies)],
    byproducts: taskRunByproducts(run, rule),
  });
}

export function pipelineRunV1(family: PipelineRunFamily, config: ChainsConfig, format: FormatV1): InTotoStatement {
  const { run } = family;
  const isNew = format === 'slsa/v2alpha4';
  const deep = config.deepInspection;
  const children = executedTasks(family).flatMap(({ taskRuns }) => taskRuns);
  const results = run.status?.results ?? [];
  const dependencies = [
    ...definition('pipeline', run.status?.provenance?.refSource),
    ...children.flatMap((child) => [...childDefinition(child, config), ...images(child), ...(isNew ? stepActions(child) : [])]),
    ...(isNew && deep ? children.flatMap((child) => inputs(hintedStepMaterials(child))) : []),
    ...inputs(hintedPipelineMaterials(family, deep)),
  ];
  const own = isNew
    ? resultByproducts(results, `pipelineRunResults/${run.metadata.name}`, 'withoutArtifacts')
    : resultByproducts(results, 'pipelineRunResults', 'all');
  return statement(run, config, {
    subjects: isNew ? pipelineBuildSubjects(family, deep) : pipelineSubjects(family, deep),
    dependencies: distinct(dependencies),
    byproducts: isNew && deep ? [...own, ...children.flatMap((child) => taskRunByproducts(child, 'withoutArtifacts'))] : own,
  });
}

interface Parts {
  readonly subjects: readonly Named[];
  readonly dependencies: readonly ResourceDescriptor[];
  readonly byproducts: readonly ResourceDescriptor[];
}

function statement(run: TaskRun | PipelineRun, config: ChainsConfig, { subjects, dependencies, byproducts }: Parts): InTotoStatement {
  const { startTime, completionTime } = run.status ?? {};
  return {
    _type: statementTypes.v1,
    predicateType: predicateTypes.slsaV1,
    ...subjectMember(subjects),
    predicate: {
      buildDefinition: {
        buildType: config.buildType,
        externalParameters: externalParameters(run),
        internalParameters: internalParameters(run, config),
        ...(dependencies.length === 0 ? {} : { resolvedDependencies: dependencies }),
      },
      runDetails: {
        builder: { id: config.builderId },
        metadata: {
          invocationId: run.metadata.uid,
          ...(startTime === undefined ? {} : { startedOn: startTime }),
          ...(completionTime === undefined ? {} : { finishedOn: completionTime }),
        },
        ...(byproducts.length === 0 ? {} : { byproducts }),
      },
    },
  };
}

function externalParameters(run: TaskRun | PipelineRun): Record<string, unknown> {
  const reference = (run as PipelineRun).spec?.pipelineRef ?? (run as TaskRun).spec?.taskRef;
  const resolver = reference?.resolver ?? '';
  const source = run.status?.provenance?.refSource;
  const [digest] = Object.entries(source?.digest ?? {}).map(([algorithm, hex]) => `${algorithm}:${hex}`);
  return {
    runSpec: run.spec,
    ...(source === undefined || resolver === '' || resolver === 'Cluster'
      ? {}
      : { buildConfigSource: { ref: digest ?? '', repository: source.uri ?? '', path: source.entryPoint ?? '' } }),
  };
}

function internalParameters(run: TaskRun | PipelineRun, { buildType }: ChainsConfig): Record<string, unknown> {
  const flags = run.status?.provenance?.featureFlags;
  const { labels = null, annotations = null } = run.metadata;
  return {
    ...(flags === undefined ? {} : { 'tekton-pipelines-feature-flags': flags }),
    ...(buildType === chainsBuildTypes.slsaTekton ? { labels, annotations } : {}),
  };
}

function definition(name: string, source: RefSource | undefined): ResourceDescriptor[] {
  return source === undefined ? [] : [{ name, ...located(source) }];
}

function located({ uri, digest }: RefSource): ResourceDescriptor {
  return { ...(uri === undefined ? {} : { uri }), ...(digest === undefined ? {} : { digest }) };
}

/** With build type slsa-tekton the whole TaskRun stands in the dependency, as Go writes it: without kind and apiVersion. */
function childDefinition(child: TaskRun, { buildType }: ChainsConfig): ResourceDescriptor[] {
  const source = child.status?.provenance?.refSource;
  if (buildType !== chainsBuildTypes.slsaTekton) return definition('pipelineTask', source);
  const { apiVersion: _, kind: __, ...object } = child;
  const content = Buffer.from(goJson(object)).toString('base64');
  return [{ name: 'pipelineTask', content, ...(source === undefined ? {} : located(source)) }];
}

function stepActions({ status }: TaskRun): ResourceDescriptor[] {
  return (status?.steps ?? []).flatMap(({ name = '', provenance }) => definition(`stepAction/${name}`, provenance?.refSource));
}

function images(run: TaskRun): ResourceDescriptor[] {
  return imageMaterials(run).map(({ name, digest }) => ({ uri: name, digest }));
}

function inputs(materials: readonly Named[]): ResourceDescriptor[] {
  return materials.map(({ name, digest }) => ({ name: 'inputs/result', uri: name, digest }));
}

/** The same uri, digest and content once; definitions stand in any case, so that the configuration's source is never lost. */
function distinct(dependencies: readonly ResourceDescriptor[]): ResourceDescriptor[] {
  const seen = new Set<string>();
  return dependencies.filter(({ name = '', uri, digest, content }) => {
    const key = canonicalJson({ uri, digest, content });
    const isKept = !seen.has(key) || name === 'task' || name === 'pipeline' || name.startsWith('stepAction/');
    seen.add(key);
    return isKept;
  });
}

function taskRunByproducts({ metadata: { name }, status }: TaskRun, rule: ByproductRule): ResourceDescriptor[] {
  if (rule === 'all') return resultByproducts(status?.results ?? [], 'taskRunResults', rule);
  const steps = (status?.steps ?? []).flatMap(({ results = [] }) => results);
  return [
    ...resultByproducts(status?.results ?? [], `taskRunResults/${name}`, rule),
    ...resultByproducts(steps, `stepResults/${name}`, rule),
  ];
}
