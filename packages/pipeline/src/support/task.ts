import type { WorkspaceBinding } from '../model/runs.ts';
import type { SecurityContext, Step, StepTemplate, TaskSpec, Volume, VolumeSource } from '../model/task.ts';
import { at, present, type UnsupportedField } from './fields.ts';

export function unsupportedTaskSpec(spec: TaskSpec, path: string): UnsupportedField[] {
  return [
    ...(spec.params ?? []).flatMap((param, index) => present(param, ['enum'], `${path}.params[${index}]`, 'param enum')),
    ...((spec.sidecars ?? []).length > 0 ? [at(`${path}.sidecars`, 'sidecars')] : []),
    ...(spec.stepTemplate === undefined ? [] : container(spec.stepTemplate, `${path}.stepTemplate`)),
    ...(spec.steps ?? []).flatMap((step, index) => oneStep(step, `${path}.steps[${index}]`)),
    ...(spec.results ?? []).flatMap((result, index) => present(result, ['value'], `${path}.results[${index}]`, 'step results')),
    ...(spec.volumes ?? []).flatMap((volume, index) => oneVolume(volume, `${path}.volumes[${index}]`)),
  ];
}

function oneStep(step: Step, path: string): UnsupportedField[] {
  const texts = [step.script ?? '', ...(step.command ?? []), ...(step.args ?? []), ...(step.env ?? []).map(({ value }) => value ?? '')];
  return [
    ...present(step, ['ref', 'params'], path, 'StepActions'),
    ...present(step, ['results'], path, 'step results'),
    ...present(step, ['when'], path, 'when of a step'),
    ...present(step, ['stdoutConfig', 'stderrConfig'], path, 'output streams'),
    ...((step.script ?? '').trim().startsWith('#!win') ? [at(`${path}.script`, 'Windows')] : []),
    ...(texts.some((text) => artifacts.test(text)) ? [at(path, 'artifacts')] : []),
    ...container(step, path),
  ];
}

const artifacts = /\$\((?:step\.)?artifacts\.path\)|\$\((?:steps|tasks)\.[^.)\n]{1,256}\.(?:inputs|outputs)[.)]/;

function container(of: StepTemplate, path: string): UnsupportedField[] {
  return [
    ...present(of, ['volumeDevices'], path, 'block devices'),
    ...(of.imagePullPolicy === 'Never' ? [at(`${path}.imagePullPolicy`, 'images are always resolved')] : []),
    ...(of.env ?? []).flatMap(({ valueFrom }, index) =>
      valueFrom === undefined
        ? []
        : present(valueFrom, ['fieldRef', 'resourceFieldRef', 'fileKeyRef'], `${path}.env[${index}].valueFrom`, 'there is no pod'),
    ),
    ...(of.volumeMounts ?? []).flatMap((mount, index) =>
      present(mount, ['subPathExpr', 'mountPropagation', 'recursiveReadOnly'], `${path}.volumeMounts[${index}]`, 'mount options'),
    ),
    ...present(of.computeResources ?? {}, ['claims'], `${path}.computeResources`, 'resource claims'),
    ...(of.securityContext === undefined ? [] : security(of.securityContext, `${path}.securityContext`)),
  ];
}

const users = new Set(['runAsUser', 'runAsGroup', 'runAsNonRoot', 'readOnlyRootFilesystem']);

/** A step has no privileges and can be given none; asking for fewer is what it gets anyway. */
function security(context: SecurityContext, path: string): UnsupportedField[] {
  return Object.entries(context).flatMap(([key, value]) => {
    if (users.has(key)) return [];
    if (key === 'privileged' || key === 'allowPrivilegeEscalation')
      return value === true ? [at(`${path}.${key}`, 'steps have no privileges')] : [];
    if (key === 'capabilities')
      return (context.capabilities?.add ?? []).length > 0 ? [at(`${path}.capabilities.add`, 'steps have no privileges')] : [];
    if (key === 'seccompProfile' && (value as { type?: unknown }).type === 'RuntimeDefault') return [];
    return [at(`${path}.${key}`, 'the sandbox decides')];
  });
}

const volumeKinds = new Set(['name', 'emptyDir', 'configMap', 'secret', 'persistentVolumeClaim', 'csi']);

function oneVolume(volume: Volume, path: string): UnsupportedField[] {
  return [
    ...Object.keys(volume)
      .filter((key) => !volumeKinds.has(key))
      .map((key) => at(`${path}.${key}`, 'volumes of this kind')),
    ...source(volume, path),
  ];
}

const itemModes = (of: VolumeSource['configMap'], path: string): UnsupportedField[] =>
  (of?.items ?? []).flatMap((item, index) =>
    present(item, ['mode'], `${path}.items[${index}]`, 'a mode for one file; defaultMode is for all'),
  );

const drivers = new Set(['source.colophon.dev', 'packages.colophon.dev', 'images.colophon.dev']);

/** Drivers of ours; one that a variable names is judged when the run starts. */
export const isOurDriver = (driver: string): boolean => drivers.has(driver);

function source({ configMap, secret, csi }: VolumeSource, path: string): UnsupportedField[] {
  const modes = [...itemModes(configMap, `${path}.configMap`), ...itemModes(secret, `${path}.secret`)];
  if (csi === undefined) return modes;
  const known = isOurDriver(csi.driver) || csi.driver.includes('$(');
  return [
    ...modes,
    ...(known ? [] : [at(`${path}.csi.driver`, 'csi drivers other than source, packages and images of colophon.dev')]),
    ...present(csi, ['fsType', 'nodePublishSecretRef'], `${path}.csi`, 'csi drivers of others'),
  ];
}

const claimFields = new Set(['accessModes', 'resources', 'volumeMode']);

export function unsupportedBinding(binding: WorkspaceBinding, path: string): UnsupportedField[] {
  const template = binding.volumeClaimTemplate?.spec ?? {};
  return [
    ...present(binding, ['projected'], path, 'projected workspaces'),
    ...Object.keys(template)
      .filter((key) => !claimFields.has(key))
      .map((key) => at(`${path}.volumeClaimTemplate.spec.${key}`, 'storage is a directory of this machine')),
    ...source(binding, path),
  ];
}
