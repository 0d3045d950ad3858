import type { Param } from '../model/task.ts';
import { qualifiedNameProblems } from '../text/names.ts';
import { FieldErrors, invalidValue, missingField, multipleOneOf } from './field-error.ts';
import { requireStability, type Gates } from './gates.ts';
import { noDuplicateNames } from './params.ts';

interface Ref {
  readonly name?: string;
  readonly resolver?: string;
  readonly params?: readonly Param[];
}

const conciseOff = () =>
  FieldErrors.of('feature flag enable-concise-resolver-syntax should be set to true to use concise resolver syntax', ['']);
const likeUrl = (name: string): boolean => /^[\w-]+:\/\/*/.test(name);

/** A reference to a Task, Pipeline or StepAction: by name, or by resolver. */
export function reference(ref: Ref, gates: Gates): FieldErrors {
  const name = ref.name ?? '';
  const resolver = ref.resolver ?? '';
  let errors = FieldErrors.none;
  if (resolver !== '' || ref.params !== undefined) {
    if (ref.params !== undefined) {
      errors = errors.also(requireStability(gates, 'resolver params', 'beta').viaField('params'));
      if (name !== '') errors = errors.also(multipleOneOf('name', 'params'));
      if (resolver === '') errors = errors.also(missingField('resolver'));
      errors = errors.also(
        noDuplicateNames(
          ref.params.map((param) => param.name),
          false,
        ),
      );
    }
    if (resolver !== '') {
      errors = errors.also(requireStability(gates, 'resolver', 'beta').viaField('resolver'));
    }
    if (name !== '' && !likeUrl(name)) errors = errors.also(invalidValue('invalid URI for request', 'name'));
    if (name !== '' && likeUrl(name) && !gates.conciseResolverSyntax) errors = errors.also(conciseOff());
    return errors;
  }
  if (name === '') return missingField('name');
  if (likeUrl(name)) {
    if (!gates.conciseResolverSyntax) errors = errors.also(conciseOff());
    return errors.also(missingField('resolver'));
  }
  const problems = qualifiedNameProblems(name);
  return problems.length === 0 ? errors : invalidValue(problems.join(','), 'name');
}
