import { attestErrors } from '../errors.ts';
import { predicateTypes, type InTotoStatement, type Subject } from '../statement/types.ts';
import { images, pairedArtifacts } from './hints.ts';
import { textOf, type NamedValue, type StepState, type TaskRun, type Value } from './objects.ts';

/**
 * Chains' first provenance format, `tekton-provenance` of 0.3 and 0.4 (2021), predicateType `https://tekton.dev/chains/provenance`: what distroless
 * published. Its `_type` is the task's name, parameters are Go's text of a value, and a material's digest is called `revision`.
 */
export function legacy2021Statement(run: TaskRun & { readonly spec?: { readonly taskRef?: TaskReference } }): InTotoStatement {
  const { metadata, spec, status } = run;
  const name = spec?.taskRef?.name ?? metadata.name;
  if (name === undefined || metadata.uid === undefined) throw attestErrors.error('ATTEST_FACTS_INVALID', 'the TaskRun has no name or uid');
  const recipe = recipeUri(spec?.taskRef, metadata.labels?.['tekton.dev/pipeline']);
  const materials = gitMaterials(run);
  return {
    _type: name,
    predicateType: predicateTypes.chains2021,
    subject: subjects(status?.results),
    predicate: {
      invocation: {
        parameters: parameters(run),
        ...(recipe === undefined ? {} : { recipe_uri: recipe }),
        event_id: metadata.uid,
        'builder.id': 'tekton-chains',
      },
      recipe: { steps: steps(run) },
      metadata: {
        ...(status?.startTime === undefined ? {} : { buildStartedOn: status.startTime }),
        ...(status?.completionTime === undefined ? {} : { buildFinishedOn: status.completionTime }),
        ...(metadata.labels?.['chains.tekton.dev/reproducible'] === 'true' ? { reproducible: true } : {}),
      },
      ...(materials.length === 0 ? {} : { materials }),
    },
  };
}

export interface TaskReference {
  readonly name?: string;
  readonly kind?: string;
  readonly bundle?: string;
  readonly resolver?: string;
}

/** By name; within a name in the order of the results. Nothing is dropped, not even what stands twice. */
function subjects(results: readonly NamedValue[] = []): Subject[] {
  const all = [
    ...images(results).map(({ repository, sha256 }) => ({ name: repository, digest: { sha256 } })),
    ...pairedArtifacts(results).map(({ uri, algorithm, hex }) => ({ name: uri, digest: { [algorithm]: hex } })),
  ];
  return all.sort((left, right) => (left.name < right.name ? -1 : left.name > right.name ? 1 : 0));
}

function recipeUri({ name, kind = 'Task', bundle }: TaskReference = {}, pipeline?: string): string | undefined {
  if (bundle !== undefined && bundle !== '') return `oci://${bundle}`;
  if (name !== undefined) return `${kind === 'ClusterTask' ? 'clusterTask' : 'task'}://${name}`;
  return pipeline === undefined ? undefined : `pipeline://${pipeline}`;
}

/** Params given to the run, as Go prints the struct (`{string VALUE []}`), then defaults of the task as plain text. */
function parameters({ spec, status }: TaskRun): string[] {
  const given = (spec?.params ?? []).map(({ name, value }) => `${name}=${goStruct(value)}`);
  const defaults = (status?.taskSpec?.params ?? []).flatMap(({ name, default: value }) =>
    value === undefined ? [] : [`${name}=${typeof value === 'string' ? value : goSlice(value)}`],
  );
  return [...given, ...defaults];
}

function goStruct(value: Value): string {
  return typeof value === 'string' ? `{string ${value} []}` : `{array  ${goSlice(value)}}`;
}

function goSlice(value: Value): string {
  return `[${(Array.isArray(value) ? (value as readonly string[]) : Object.values(value as Record<string, string>)).join(' ')}]`;
}

/** Scripts as the task has them: in 2021 the status held them before substitution. */
function steps({ status }: TaskRun): unknown[] {
  return (status?.steps ?? []).map((state: StepState) => {
    const step = status?.taskSpec?.steps?.find(({ name }) => name === state.name);
    return {
      entryPoint: step?.script !== undefined && step.script !== '' ? step.script : (step?.command ?? []).join(' '),
      arguments: step?.args ?? null,
      environment: { container: state.name, image: (state.imageID ?? '').replace(/^docker-pullable:\/\//, '') },
      annotations: null,
    };
  });
}

function gitMaterials({ spec, status }: TaskRun): unknown[] {
  const declared = (status?.taskSpec?.params ?? []).map((param) => [param.name, param.default] as const);
  const given = [...(spec?.params ?? []), ...(status?.results ?? [])].map(({ name, value }) => [name, value] as const);
  const values = new Map<string, Value | undefined>([...declared, ...given]);
  const [commit, uri] = [textOf(values.get('CHAINS-GIT_COMMIT')), textOf(values.get('CHAINS-GIT_URL'))];
  return commit === '' || uri === '' ? [] : [{ uri, digest: { revision: commit } }];
}
