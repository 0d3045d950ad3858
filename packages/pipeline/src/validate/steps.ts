import { posix } from 'node:path';
import type { Step } from '../model/task.ts';
import { formatDuration, readDuration } from '../text/duration.ts';
import { isDnsLabel } from '../text/names.ts';
import { quote } from '../text/quote.ts';
import { FieldErrors, each, invalidValue, missingField } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { noUnknownVariables } from './references.ts';
import { reference } from './refs.ts';
import { stepResult } from './results.ts';
import { artifactUsage, stepResultUsage } from './step-usage.ts';
import { whenExpressions } from './when.ts';

export function steps(all: readonly Step[], gates: Gates): FieldErrors {
  const names = new Set<string>();
  let errors = FieldErrors.none;
  for (const [index, step] of all.entries()) {
    errors = errors.also(oneStep(step, names, gates).viaIndex(index));
    if (step.results !== undefined) {
      const known = new Set(step.results.map(({ name }) => name));
      errors = errors.also(
        noUnknownVariables(step.script, 'step.results', known).viaField('script').viaIndex(index),
        noUnknownVariables(step.script, 'results', known).viaField('script').viaIndex(index),
        each(step.results, stepResult).viaIndex(index).viaField('results'),
      );
    }
    errors = errors.also(whenExpressions(step.when, gates).viaIndex(index));
  }
  return errors;
}

function oneStep(step: Step, names: Set<string>, gates: Gates): FieldErrors {
  let errors = artifactUsage(step, gates).also(step.ref === undefined ? withoutRef(step) : withRef(step, gates));
  const name = step.name ?? '';
  if (name !== '') {
    if (names.has(name)) errors = errors.also(FieldErrors.of('expected exactly one, got both', ['name']));
    if (!isDnsLabel(name)) {
      errors = errors.also(
        FieldErrors.of(
          `invalid value ${quote(name)}`,
          ['name'],
          'Task step name must be a valid DNS Label, For more info refer to https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names',
        ),
      );
    }
    names.add(name);
  }
  if (step.timeout !== undefined) {
    const length = readDuration(step.timeout);
    if (!('problem' in length) && length.nanoseconds < 0n) return invalidValue(formatDuration(length.nanoseconds), 'negative timeout');
  }
  for (const [index, { name: volume, mountPath = '' }] of (step.volumeMounts ?? []).entries()) {
    if (underTekton(mountPath)) {
      errors = errors.also(
        FieldErrors.of(`volumeMount cannot be mounted under /tekton/ (volumeMount "${volume}" mounted at "${mountPath}")`, [
          'mountPath',
        ]).viaFieldIndex('volumeMounts', index),
      );
    }
    if ((volume ?? '').startsWith('tekton-internal-')) {
      errors = errors.also(
        FieldErrors.of(`volumeMount name "${volume}" cannot start with "tekton-internal-"`, ['name']).viaFieldIndex('volumeMounts', index),
      );
    }
  }
  const onError = step.onError ?? '';
  if (onError !== '' && !onError.startsWith('$(params') && onError !== 'continue' && onError !== 'stopAndFail') {
    errors = errors.also(
      FieldErrors.of(`invalid value: "${onError}"`, ['onError'], 'Task step onError must be either "continue" or "stopAndFail"'),
    );
  }
  if ((step.script ?? '').trim().startsWith('#!win')) {
    errors = errors.also(requireStability(gates, 'windows script support', 'alpha').viaField('script'));
  }
  if (step.stdoutConfig !== undefined) errors = errors.also(requireStability(gates, 'step stdout stream support', 'alpha'));
  if (step.stderrConfig !== undefined) errors = errors.also(requireStability(gates, 'step stderr stream support', 'alpha'));
  return errors.also(stepResultUsage(step));
}

function underTekton(path: string): boolean {
  const clean = posix.normalize(path);
  return clean.startsWith('/tekton/') && !clean.startsWith('/tekton/home');
}

function withoutRef(step: Step): FieldErrors {
  let errors = FieldErrors.none;
  if ((step.params ?? []).length > 0) errors = errors.also(FieldErrors.of('params cannot be used without Ref', ['params']));
  if ((step.image ?? '') === '') errors = errors.also(missingField('Image'));
  if ((step.script ?? '') !== '' && (step.command ?? []).length > 0) {
    errors = errors.also(FieldErrors.of('script cannot be used with command', ['script']));
  }
  return errors;
}

function withRef(step: Step, gates: Gates): FieldErrors {
  let errors = reference(step.ref as NonNullable<Step['ref']>, gates);
  const used: [string, string, boolean][] = [
    ['image', 'image', (step.image ?? '') !== ''],
    ['command', 'command', (step.command ?? []).length > 0],
    ['args', 'args', (step.args ?? []).length > 0],
    ['working dir', 'workingDir', (step.workingDir ?? '') !== ''],
    ['script', 'script', (step.script ?? '') !== ''],
    ['env', 'env', step.env !== undefined],
    ['volumeMounts', 'volumeMounts', (step.volumeMounts ?? []).length > 0],
    ['results', 'results', (step.results ?? []).length > 0],
  ];
  for (const [what, path, present] of used) {
    if (present) errors = errors.also(FieldErrors.of(`${what} cannot be used with Ref`, [path]));
  }
  return errors;
}
