import type { NamedValue, ParamSpec, Run, StepSpec, StepState, Value } from './objects.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** SLSA v0.2 `invocation`: where the definition came from, the params with their defaults, labels and annotations. */
export function invocation(run: Run, declared: readonly ParamSpec[] = []): Record<string, unknown> {
  const { labels = {}, annotations = {} } = run.metadata;
  const told = Object.entries(annotations).filter(([name]) => name !== lastApplied && !name.startsWith('chains.tekton.dev/'));
  const environment = {
    ...(told.length === 0 ? {} : { annotations: Object.fromEntries(told) }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
  return {
    configSource: configSource(run),
    parameters: parameters(declared, run.spec?.params ?? []),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
  };
}

function configSource({ status }: Run): Record<string, unknown> {
  const { uri, digest, entryPoint } = status?.provenance?.refSource ?? {};
  return {
    ...(uri === undefined || uri === '' ? {} : { uri }),
    ...(digest === undefined || Object.keys(digest).length === 0 ? {} : { digest }),
    ...(entryPoint === undefined || entryPoint === '' ? {} : { entryPoint }),
  };
}

function parameters(declared: readonly ParamSpec[], given: readonly NamedValue[]): Record<string, Value> {
  const defaults = declared.flatMap(({ name, default: value }) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries([...defaults, ...given.map(({ name, value }) => [name, value] as const)]);
}

/** One step of `buildConfig`. */
export function stepAttestation(step: StepSpec, state: StepState): Record<string, unknown> {
  return {
    entryPoint: step.script !== undefined && step.script !== '' ? step.script : (step.command ?? []).join(' '),
    arguments: step.args ?? null,
    environment: { container: state.name ?? '', image: `oci://${(state.imageID ?? '').replace(/^docker-pullable:\/\//, '')}` },
    annotations: null,
  };
}

/** SLSA v0.2 `metadata`. A run labelled chains.tekton.dev/reproducible=true calls itself reproducible. */
export function metadata({ metadata: { labels }, status }: Run): Record<string, unknown> {
  return {
    ...(status?.startTime === undefined ? {} : { buildStartedOn: status.startTime }),
    ...(status?.completionTime === undefined ? {} : { buildFinishedOn: status.completionTime }),
    completeness: { parameters: false, environment: false, materials: false },
    reproducible: labels?.['chains.tekton.dev/reproducible'] === 'true',
  };
}
