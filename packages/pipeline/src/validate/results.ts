import type { TaskResult } from '../model/task.ts';
import { typeOf } from '../model/value.ts';
import { isDnsLabel } from '../text/names.ts';
import { quote } from '../text/quote.ts';
import { FieldErrors, invalidKeyName, invalidValue, missingField } from './field-error.ts';

const form = '^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$';
const nameForm = new RegExp(form);
const consist = `must consist of alphanumeric characters, '-', '_', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my-name',  or 'my_name', regex used for validation is '${form}')`;

export function taskResult(result: TaskResult): FieldErrors {
  if (!nameForm.test(result.name)) return invalidKeyName(result.name, 'name', `Name ${consist}`);
  let errors = FieldErrors.none;
  switch (result.type) {
    case 'object':
      errors = objectResult(result, 'The value type');
      break;
    case 'array':
    case undefined:
    case 'string':
      break;
    default:
      return invalidValue(String(result.type), 'type', 'type must be string');
  }
  return errors.also(valueFromStep(result));
}

/** `value: $(steps.S.results.R)` takes a step's result for the task's. */
function valueFromStep({ name, type, value }: TaskResult): FieldErrors {
  if (value === undefined || value === '') return FieldErrors.none;
  if (typeOf(value) !== 'string') {
    return FieldErrors.of(`Invalid Type. Wanted string but got: "${typeOf(value)}"`, [`${name}.type`]);
  }
  if (type !== undefined && (type as string) !== 'string' && type !== 'array' && type !== 'object') return FieldErrors.none;
  const found = readStepResult(value as string);
  if (found === undefined) {
    return FieldErrors.of(
      `Could not extract step name and result name. Expected value to look like $(steps.<stepName>.results.<resultName>) but got "${value as string}"`,
      [`${name}.value`],
    );
  }
  let errors = FieldErrors.none;
  if (!isDnsLabel(found.step)) {
    errors = errors.also(
      FieldErrors.of(
        `invalid extracted step name ${quote(found.step)}`,
        [`${name}.value`],
        'stepName in $(steps.<stepName>.results.<resultName>) must be a valid DNS Label, For more info refer to https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#names',
      ),
    );
  }
  if (!nameForm.test(found.result)) {
    errors = errors.also(
      FieldErrors.of(
        `invalid extracted result name ${quote(found.result)}`,
        [`${name}.value`],
        `resultName in $(steps.<stepName>.results.<resultName>) ${consist}`,
      ),
    );
  }
  return errors;
}

export function readStepResult(value: string): { step: string; result: string } | undefined {
  const found = /\$\(steps\.([^)\n]{0,256}?)\.results\.([^)\n]{0,256})\)/.exec(value);
  return found === null ? undefined : { step: found[1] as string, result: found[2] as string };
}

export function stepResult(result: TaskResult): FieldErrors {
  if (!nameForm.test(result.name)) return invalidKeyName(result.name, 'name', `Name ${consist}`);
  switch (result.type) {
    case 'object':
      return objectResult(result, 'the value type');
    case 'array':
    case undefined:
    case 'string':
      return FieldErrors.none;
    default:
      return invalidValue(String(result.type), 'type', `invalid type ${String(result.type)}`);
  }
}

function objectResult({ name, properties }: TaskResult, what: string): FieldErrors {
  if (properties === undefined) return missingField(`${name}.properties`);
  const wrong = Object.entries(properties).flatMap(([key, property]) => (property.type === 'string' ? [] : [key]));
  if (wrong.length === 0) return FieldErrors.none;
  return FieldErrors.of(`${what} specified for these keys [${wrong.join(' ')}] is invalid, the type must be string`, [
    `${name}.properties`,
  ]);
}
