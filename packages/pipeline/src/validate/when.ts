import type { WhenExpression } from '../model/task.ts';
import { FieldErrors, each, invalidValue, missingField } from './field-error.ts';
import type { Gates } from './gates.ts';
import { arrayVariable, stringVariable, type Declared } from './params.ts';

export function whenExpressions(when: readonly WhenExpression[] | undefined, gates: Gates): FieldErrors {
  return each(when, (expression) => whenExpression(expression, gates)).viaField('when');
}

function whenExpression({ input, operator, values, cel }: WhenExpression, gates: Gates): FieldErrors {
  if (cel !== undefined && cel !== '') {
    if (!gates.celInWhen) {
      return FieldErrors.of(`feature flag enable-cel-in-whenexpression should be set to true to use CEL: ${cel} in WhenExpression`, ['']);
    }
    if ((input ?? '') !== '' || (operator ?? '') !== '' || (values ?? []).length > 0) {
      return FieldErrors.of(
        `cel and input+operator+values cannot be set in one WhenExpression: &{${input ?? ''} ${operator ?? ''} [${(values ?? []).join(' ')}] ${cel}}`,
      );
    }
    return FieldErrors.none;
  }
  if (input === undefined && operator === undefined && values === undefined) return missingField('');
  if (operator !== 'in' && operator !== 'notin') {
    return invalidValue(`operator "${operator ?? ''}" is not recognized. valid operators: in,notin`, '');
  }
  return (values ?? []).length === 0 ? invalidValue('expecting non-empty values field', '') : FieldErrors.none;
}

/** The params that when expressions of a pipeline task speak of. */
export function whenVariables(when: readonly WhenExpression[] | undefined, names: Declared): FieldErrors {
  let errors = FieldErrors.none;
  for (const [index, { input, values }] of (when ?? []).entries()) {
    errors = errors.also(
      stringVariable(input ?? '', names)
        .viaField('input')
        .viaFieldIndex('when', index),
    );
    for (const value of values ?? []) {
      const array =
        value.startsWith('$(params.') && value.endsWith('[*])') && names.arrays.has(value.slice('$(params.'.length, -'[*])'.length));
      const found = array ? arrayVariable(value, names) : stringVariable(value, names);
      errors = errors.also(found.viaField('values').viaFieldIndex('when', index));
    }
  }
  return errors;
}
