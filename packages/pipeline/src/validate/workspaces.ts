import { posix } from 'node:path';
import type { WorkspaceBinding } from '../model/runs.ts';
import type { TaskSpec } from '../model/task.ts';
import { FieldErrors, missingField, missingOneOf, multipleOneOf, each } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';

export const mountPathOf = (declaration: { name: string; mountPath?: string }): string =>
  (declaration.mountPath ?? '') === '' ? `/workspace/${declaration.name}` : (declaration.mountPath as string);

/** Go's filepath.Clean: as posix.normalize, without a slash at the end. */
const clean = (path: string): string => (path === '' ? '.' : posix.normalize(path).replace(/(.)\/$/, '$1'));

export function declaredWorkspaces(spec: TaskSpec): FieldErrors {
  const paths = new Set<string>();
  for (const holder of [...(spec.steps ?? []), ...(spec.stepTemplate === undefined ? [] : [spec.stepTemplate])]) {
    for (const { mountPath } of holder.volumeMounts ?? []) paths.add(clean(mountPath ?? ''));
  }
  const names = new Set<string>();
  let errors = FieldErrors.none;
  for (const [index, declaration] of (spec.workspaces ?? []).entries()) {
    if (names.has(declaration.name)) {
      errors = errors.also(FieldErrors.of(`workspace name "${declaration.name}" must be unique`, ['name']).viaIndex(index));
    }
    names.add(declaration.name);
    const path = clean(mountPathOf(declaration));
    if (paths.has(path))
      errors = errors.also(FieldErrors.of(`workspace mount path "${path}" must be unique`, ['mountpath']).viaIndex(index));
    paths.add(path);
  }
  return errors;
}

export function workspaceUsages(spec: TaskSpec, gates: Gates): FieldErrors {
  const known = new Set((spec.workspaces ?? []).map(({ name }) => name));
  const check = (kind: 'steps' | 'sidecars', what: string) =>
    each<{ workspaces?: { name: string }[] }>(spec[kind], ({ workspaces }) => {
      let errors = (workspaces ?? []).length > 0 ? requireStability(gates, what, 'beta') : FieldErrors.none;
      for (const [index, { name }] of (workspaces ?? []).entries()) {
        if (!known.has(name))
          errors = errors.also(FieldErrors.of(`undefined workspace "${name}"`, ['name']).viaFieldIndex('workspaces', index));
      }
      return errors;
    }).viaField(kind);
  return check('steps', 'step workspaces').also(check('sidecars', 'sidecar workspaces'));
}

const sources = ['configmap', 'emptydir', 'persistentvolumeclaim', 'secret', 'volumeclaimtemplate'];
const sourceKeys = ['volumeClaimTemplate', 'persistentVolumeClaim', 'emptyDir', 'configMap', 'secret', 'projected', 'csi'] as const;

export function workspaceBinding(binding: WorkspaceBinding): FieldErrors {
  const empty = binding.name === '' && binding.subPath === undefined;
  const count = sourceKeys.filter((key) => binding[key] !== undefined).length;
  if (empty && count === 0) return missingField('');
  if (count > 1) return multipleOneOf(...sources);
  if (count === 0) return missingOneOf(...sources);
  if (binding.persistentVolumeClaim !== undefined && (binding.persistentVolumeClaim.claimName ?? '') === '') {
    return missingField('persistentvolumeclaim.claimname');
  }
  if (binding.configMap !== undefined && (binding.configMap.name ?? '') === '') return missingField('configmap.name');
  if (binding.secret !== undefined && (binding.secret.secretName ?? '') === '') return missingField('secret.secretName');
  if (binding.projected !== undefined && (binding.projected.sources ?? []).length === 0) return missingField('projected.sources');
  if (binding.csi !== undefined) {
    if ((binding.csi.driver ?? '') === '') return missingField('csi.driver');
  }
  return FieldErrors.none;
}
