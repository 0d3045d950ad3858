import type { ObjectMeta } from '../model/meta.ts';
import { labelValueProblems, qualifiedNameProblems, subdomainProblems } from '../text/names.ts';
import { FieldErrors } from './field-error.ts';

/** Kubernetes' own rules for metadata (422, before Tekton's webhook looks): the first fault, in its words. */
export function kubernetesMetadata(kind: string, metadata: ObjectMeta): string | undefined {
  const name = metadata.name ?? '';
  const title = `${kind}.tekton.dev "${name}" is invalid: `;
  if (name === '' && (metadata.generateName ?? '') === '') {
    return `${title}metadata.name: Required value: name or generateName is required`;
  }
  const faults: string[] = [];
  if (name !== '') faults.push(...subdomainProblems(name).map((problem) => `metadata.name: Invalid value: "${name}": ${problem}`));
  for (const [key, value] of Object.entries(metadata.labels ?? {})) {
    faults.push(...qualifiedNameProblems(key).map((problem) => `metadata.labels: Invalid value: "${key}": ${problem}`));
    faults.push(...labelValueProblems(value).map((problem) => `metadata.labels: Invalid value: "${value}": ${problem}`));
  }
  for (const key of Object.keys(metadata.annotations ?? {})) {
    faults.push(...qualifiedNameProblems(key.toLowerCase()).map((problem) => `metadata.annotations: Invalid value: "${key}": ${problem}`));
  }
  if (faults.length === 0) return undefined;
  return title + (faults.length === 1 ? faults[0] : `[${faults.join(', ')}]`);
}

export function objectMetadata(metadata: Partial<ObjectMeta>): FieldErrors {
  const { name = '' } = metadata;
  if (name.length <= 63) return FieldErrors.none;
  return FieldErrors.of('Invalid resource name: length must be no more than 63 characters', ['name']).viaField('metadata');
}
