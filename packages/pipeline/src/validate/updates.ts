import { canonicalJson } from '@colophon/core';
import type { TektonObject } from '../admit.ts';
import { FieldErrors, invalidValue } from './field-error.ts';

/** What may not change in a run's spec (TaskRunSpec.ValidateUpdate, PipelineRunSpec.ValidateUpdate). */
export function updateRules(old: TektonObject, next: Record<string, unknown>): FieldErrors {
  if (old.kind !== 'TaskRun' && old.kind !== 'PipelineRun') return FieldErrors.none;
  const spec = (next['spec'] ?? {}) as Record<string, unknown>;
  let errors = FieldErrors.none;
  const started = old.status?.startTime !== undefined;
  const pending = old.kind === 'TaskRun' ? 'TaskRunPending' : 'PipelineRunPending';
  if (spec['status'] === pending && started) {
    errors = errors.also(invalidValue(`${old.kind} cannot be Pending after it is started`, 'spec.status'));
  }
  if ((old.spec.managedBy ?? null) !== (spec['managedBy'] ?? null)) {
    return errors.also(FieldErrors.of('invalid value: managedBy is immutable', ['spec.spec.managedBy']), frozen(old, spec));
  }
  return errors.also(frozen(old, spec));
}

function frozen(old: TektonObject & { kind: 'TaskRun' | 'PipelineRun' }, spec: Record<string, unknown>): FieldErrors {
  const done = old.status?.conditions?.some(({ status }) => status !== 'Unknown') === true;
  const free = old.kind === 'TaskRun' ? ['status', 'statusMessage'] : ['status'];
  const strip = (value: Record<string, unknown>) =>
    canonicalJson(Object.fromEntries(Object.entries(value).filter(([key]) => done || (key !== 'managedBy' && !free.includes(key)))));
  if (strip(old.spec as Record<string, unknown>) === strip(spec)) return FieldErrors.none;
  const rest = old.kind === 'TaskRun' ? 'status and statusMessage updates' : 'status updates';
  return invalidValue(
    done ? `Once the ${old.kind} is complete, no updates are allowed` : `Once the ${old.kind} has started, only ${rest} are allowed`,
    'spec',
  );
}
