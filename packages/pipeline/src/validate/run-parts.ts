import type { ComputeResources } from '../model/task.ts';
import { formatDuration, readDuration } from '../text/duration.ts';
import { FieldErrors, each, invalidValue, missingField, multipleOneOf } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { noDuplicateNames } from './params.ts';

interface Overrides {
  readonly stepSpecs?: readonly { name: string; computeResources?: ComputeResources }[];
  readonly sidecarSpecs?: readonly { name: string; computeResources?: ComputeResources }[];
  readonly computeResources?: ComputeResources;
}

/** stepSpecs, sidecarSpecs and computeResources of a run. */
export function overrides(run: Overrides, gates: Gates): FieldErrors {
  let errors = FieldErrors.none;
  for (const field of ['stepSpecs', 'sidecarSpecs'] as const) {
    const specs = run[field];
    if (specs === undefined) continue;
    const named = each(specs, ({ name }) => (name === '' ? missingField('name') : FieldErrors.none));
    const names = specs.map(({ name }) => name).filter((name) => name !== '');
    errors = errors.also(requireStability(gates, field, 'beta').also(named, noDuplicateNames(names, true)).viaField(field));
  }
  if (run.computeResources !== undefined) {
    errors = errors.also(requireStability(gates, 'computeResources', 'beta'));
    const both = (run.stepSpecs ?? []).some(({ computeResources }) => Object.keys(computeResources ?? {}).length > 0);
    if (both) errors = errors.also(multipleOneOf('stepSpecs.resources', 'computeResources'));
  }
  return errors;
}

export function nanoseconds(text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const read = readDuration(text);
  return 'problem' in read ? undefined : read.nanoseconds;
}

/** A duration that may not be negative. */
export function notNegative(text: string | undefined, path: string): FieldErrors {
  const length = nanoseconds(text);
  return length !== undefined && length < 0n ? invalidValue(`${formatDuration(length)} should be >= 0`, path) : FieldErrors.none;
}
