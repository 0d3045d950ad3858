import type { EnvFromSource, EnvVar, Sidecar, Step, StepTemplate, TaskSpec, Volume, VolumeMount } from '../model/task.ts';
import { replaceList, replaceParams, replaceText, replaceWhen, type Replacements } from './replacements.ts';

/** A task's spec with variables replaced in every field that takes them (Tekton: docs/variables.md, "Fields that accept variable substitutions"). */
export function replaceInTaskSpec(spec: TaskSpec, replacements: Replacements): TaskSpec {
  const out: TaskSpec = { ...spec };
  if (spec.steps !== undefined) out.steps = spec.steps.map((step) => replaceInStep(step, replacements));
  if (spec.stepTemplate !== undefined) out.stepTemplate = replaceInContainer(spec.stepTemplate, replacements);
  if (spec.volumes !== undefined) out.volumes = spec.volumes.map((volume) => replaceInVolume(volume, replacements));
  if (spec.sidecars !== undefined) out.sidecars = spec.sidecars.map((sidecar) => replaceInSidecar(sidecar, replacements));
  if (spec.workspaces !== undefined) {
    out.workspaces = spec.workspaces.map((workspace) =>
      workspace.mountPath === undefined ? workspace : { ...workspace, mountPath: replaceText(workspace.mountPath, replacements) },
    );
  }
  return out;
}

export function replaceInStep(step: Step, replacements: Replacements): Step {
  const out: Step = replaceInContainer(step, replacements);
  for (const field of ['name', 'displayName', 'script', 'onError'] as const) {
    const text = step[field];
    if (text !== undefined) out[field] = replaceText(text, replacements);
  }
  for (const field of ['stdoutConfig', 'stderrConfig'] as const) {
    const path = step[field]?.path;
    if (path !== undefined) out[field] = { path: replaceText(path, replacements) };
  }
  if (step.params !== undefined) out.params = replaceParams(step.params, replacements);
  if (step.when !== undefined) out.when = replaceWhen(step.when, replacements);
  return out;
}

function replaceInSidecar(sidecar: Sidecar, replacements: Replacements): Sidecar {
  const out: Sidecar = replaceInContainer(sidecar, replacements);
  if (sidecar.script !== undefined) out.script = replaceText(sidecar.script, replacements);
  return out;
}

function replaceInContainer<Container extends StepTemplate>(container: Container, replacements: Replacements): Container {
  const out: Container = { ...container };
  for (const field of ['image', 'imagePullPolicy', 'workingDir'] as const) {
    const text = container[field];
    if (text !== undefined) out[field] = replaceText(text, replacements);
  }
  for (const field of ['command', 'args'] as const) {
    const list = container[field];
    if (list !== undefined) out[field] = replaceList(list, replacements);
  }
  if (container.env !== undefined) out.env = container.env.map((env) => replaceInEnv(env, replacements));
  if (container.envFrom !== undefined) out.envFrom = container.envFrom.map((source) => replaceInEnvFrom(source, replacements));
  if (container.volumeMounts !== undefined) out.volumeMounts = container.volumeMounts.map((mount) => replaceInMount(mount, replacements));
  return out;
}

function replaceInEnv(env: EnvVar, replacements: Replacements): EnvVar {
  const out: EnvVar = { ...env };
  if (env.value !== undefined) out.value = replaceText(env.value, replacements);
  if (env.valueFrom === undefined) return out;
  out.valueFrom = { ...env.valueFrom };
  for (const field of ['secretKeyRef', 'configMapKeyRef'] as const) {
    const ref = env.valueFrom[field];
    if (ref === undefined) continue;
    out.valueFrom[field] = { ...ref, ...named(ref, replacements), key: replaceText(ref.key, replacements) };
  }
  return out;
}

function replaceInEnvFrom(source: EnvFromSource, replacements: Replacements): EnvFromSource {
  const out: EnvFromSource = { ...source };
  if (source.prefix !== undefined) out.prefix = replaceText(source.prefix, replacements);
  for (const field of ['configMapRef', 'secretRef'] as const) {
    const ref = source[field];
    if (ref !== undefined) out[field] = { ...ref, ...named(ref, replacements) };
  }
  return out;
}

function replaceInMount(mount: VolumeMount, replacements: Replacements): VolumeMount {
  const out: VolumeMount = { ...mount, name: replaceText(mount.name, replacements), mountPath: replaceText(mount.mountPath, replacements) };
  if (mount.subPath !== undefined) out.subPath = replaceText(mount.subPath, replacements);
  return out;
}

function replaceInVolume(volume: Volume, replacements: Replacements): Volume {
  const out: Volume = { ...volume, name: replaceText(volume.name, replacements) };
  const { configMap, secret, persistentVolumeClaim: claim, csi } = volume;
  const items = (list: readonly { key: string; path: string }[] | undefined) =>
    list?.map((item) => ({ ...item, key: replaceText(item.key, replacements), path: replaceText(item.path, replacements) }));
  if (configMap !== undefined) {
    const replaced = items(configMap.items);
    out.configMap = { ...configMap, ...named(configMap, replacements), ...(replaced === undefined ? {} : { items: replaced }) };
  }
  if (secret !== undefined) {
    const replaced = items(secret.items);
    const name = secret.secretName === undefined ? {} : { secretName: replaceText(secret.secretName, replacements) };
    out.secret = { ...secret, ...name, ...(replaced === undefined ? {} : { items: replaced }) };
  }
  if (claim !== undefined) out.persistentVolumeClaim = { ...claim, claimName: replaceText(claim.claimName, replacements) };
  if (csi !== undefined) {
    const attributes = Object.entries(csi.volumeAttributes ?? {}).map(([key, text]) => [key, replaceText(text, replacements)] as const);
    out.csi = { ...csi, ...(csi.volumeAttributes === undefined ? {} : { volumeAttributes: Object.fromEntries(attributes) }) };
  }
  return out;
}

function named(ref: { name?: string }, replacements: Replacements): { name?: string } {
  return ref.name === undefined ? {} : { name: replaceText(ref.name, replacements) };
}
