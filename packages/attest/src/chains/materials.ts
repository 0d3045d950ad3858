import { attestErrors } from '../errors.ts';
import { structuredArtifacts } from './hints.ts';
import { merge, type Named } from './merge.ts';
import { executedTasks, textOf, type NamedValue, type ParamSpec, type PipelineRunFamily, type RefSource, type TaskRun } from './objects.ts';

const commitName = 'CHAINS-GIT_COMMIT';
const urlName = 'CHAINS-GIT_URL';

/** Images of steps and sidecars, by digest. A step that never got an image makes Chains give the run up: throws ATTEST_CHAINS_GAVE_UP. */
export function imageMaterials({ status }: TaskRun): Named[] {
  const steps = (status?.steps ?? []).map(({ imageID }) => fromImageId(imageID));
  const sidecars = (status?.sidecars ?? []).map(({ imageID }) => fromImageId(imageID));
  return merge([], [...steps, ...sidecars]);
}

function fromImageId(imageId = ''): Named {
  const [uri, digest, ...rest] = imageId.split('@');
  const [algorithm, hex, ...more] = (digest ?? '').split(':');
  if (uri === undefined || algorithm === undefined || hex === undefined || rest.length > 0 || more.length > 0) {
    throw attestErrors.error(
      'ATTEST_CHAINS_GAVE_UP',
      `a step or sidecar has the image id ${JSON.stringify(imageId)}, which names no digest`,
    );
  }
  return { name: `oci://${uri.replace(/^docker-pullable:\/\//, '')}`, digest: { [algorithm]: hex } };
}

export function sourceMaterial(source: RefSource | undefined): Named[] {
  return source === undefined ? [] : [{ name: source.uri ?? '', digest: source.digest ?? {} }];
}

/** What a TaskRun's params, their defaults and its results say it used: git, then ARTIFACT_INPUTS. */
export function hintedTaskMaterials({ spec, status }: TaskRun): Named[] {
  const { commit, url } = gitHints(status?.taskSpec?.params, spec?.params, status?.results);
  return merge(gitMaterial(commit, url), inputMaterials(status?.results));
}

/** The same for what its StepActions say in their own results. */
export function hintedStepMaterials({ status }: TaskRun): Named[] {
  const steps = status?.steps ?? [];
  const git = steps.flatMap(({ results }) => {
    const { commit, url } = gitHints(undefined, undefined, results);
    return gitMaterial(commit, url);
  });
  return merge(merge([], git), inputMaterials(steps.flatMap(({ results = [] }) => results)));
}

/** The same for a PipelineRun; with deep inspection also its TaskRuns'. */
export function hintedPipelineMaterials(family: PipelineRunFamily, deepInspection: boolean): Named[] {
  const { spec, status } = family.run;
  let materials = merge([], inputMaterials(status?.results));
  if (deepInspection) {
    for (const { taskRuns } of executedTasks(family)) for (const run of taskRuns) materials = merge(materials, hintedTaskMaterials(run));
  }
  const { commit, url } = gitHints(status?.pipelineSpec?.params, spec?.params, status?.results);
  return url === '' ? materials : merge(materials, gitMaterial(commit, url));
}

function gitHints(
  declared: readonly ParamSpec[] = [],
  given: readonly NamedValue[] = [],
  results: readonly NamedValue[] = [],
): { commit: string; url: string } {
  const defaults = declared.filter((param) => param.default !== undefined).map((param) => [param.name, param.default] as const);
  const values = new Map([...defaults, ...[...given, ...results].map(({ name, value }) => [name, value] as const)]);
  return { commit: textOf(values.get(commitName)), url: textOf(values.get(urlName)) };
}

/** Observed: a commit without a URL still gives a material, `git+.git`. */
function gitMaterial(commit: string, url: string): Named[] {
  return commit === '' ? [] : [{ name: spdxGit(url), digest: { sha1: commit } }];
}

/** SPDX's download location for git: `git+URL.git`. */
function spdxGit(url: string): string {
  const prefixed = url.startsWith('git+') ? url : `git+${url}`;
  return prefixed.endsWith('.git') ? prefixed : `${prefixed}.git`;
}

function inputMaterials(results: readonly NamedValue[] = []): Named[] {
  return structuredArtifacts(results, 'ARTIFACT_INPUTS').map(({ uri, algorithm, hex }) => ({
    name: uri,
    digest: { [algorithm.trim().toLowerCase()]: hex.trim() },
  }));
}
