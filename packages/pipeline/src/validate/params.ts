import type { Param, ParamSpec } from '../model/task.ts';
import { typeOf, type ParamValue } from '../model/value.ts';
import { FieldErrors, invalidValue, missingField, multipleOneOf } from './field-error.ts';
import type { Gates } from './gates.ts';
import {
  isolatedVariables,
  noEntireVariables,
  noProhibitedVariables,
  noUnknownVariables,
  wholeReference,
  type Names,
} from './references.ts';

const types = new Set(['string', 'array', 'object']);

export interface SortedNames {
  readonly all: Names;
  readonly strings: Names;
  readonly arrays: Names;
  readonly objects: readonly ParamSpec[];
}

export function sortByType(params: readonly ParamSpec[] | undefined): SortedNames {
  const of = (test: (param: ParamSpec) => boolean) => new Set((params ?? []).filter(test).map((param) => param.name));
  return {
    all: of(() => true),
    strings: of(({ type }) => type !== 'array' && type !== 'object'),
    arrays: of(({ type }) => type === 'array'),
    objects: (params ?? []).filter(({ type }) => type === 'object'),
  };
}

export function parameterTypes(params: readonly ParamSpec[] | undefined): FieldErrors {
  return FieldErrors.none.also(...(params ?? []).map(parameterType));
}

function parameterType(param: ParamSpec): FieldErrors {
  const type = param.type ?? '';
  if (!types.has(type)) return invalidValue(type, `${param.name}.type`);
  if (param.default !== undefined && typeOf(param.default) !== type) {
    return FieldErrors.of(`"${type}" type does not match default value's type: "${typeOf(param.default)}"`, [
      `${param.name}.type`,
      `${param.name}.default.type`,
    ]);
  }
  const wrong = Object.entries(param.properties ?? {}).flatMap(([key, property]) => (property.type === 'string' ? [] : [key]));
  if (wrong.length === 0) return FieldErrors.none;
  return FieldErrors.of(`The value type specified for these keys [${wrong.join(' ')}] is invalid`, [`${param.name}.properties`]);
}

export function noDuplicateParams(params: readonly ParamSpec[] | undefined): FieldErrors {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { name } of params ?? []) (seen.has(name) ? twice : seen).add(name);
  return FieldErrors.none.also(
    ...[...twice].map((name) => FieldErrors.of('parameter appears more than once', ['']).viaFieldKey('params', name)),
  );
}

export function paramEnums(params: readonly ParamSpec[] | undefined, gates: Gates): FieldErrors {
  return FieldErrors.none.also(
    ...(params ?? []).map((param) => {
      if (param.enum === undefined || param.enum.length === 0) return FieldErrors.none;
      let errors = FieldErrors.none;
      if (!gates.paramEnum) {
        errors = errors.also(FieldErrors.of('feature flag `enable-param-enum` should be set to true to use Enum', ['']).viaKey(param.name));
      }
      if (param.type !== 'string')
        errors = errors.also(FieldErrors.of('enum can only be set with string type param', ['']).viaKey(param.name));
      const seen = new Set<string>();
      for (const value of param.enum) {
        if (seen.has(value)) {
          errors = errors.also(FieldErrors.of(`parameter enum value ${value} appears more than once`, ['']).viaKey(param.name));
        }
        seen.add(value);
      }
      if (typeof param.default === 'string' && param.default !== '' && !param.enum.includes(param.default)) {
        errors = errors.also(FieldErrors.of(`param default value ${param.default} not in the enum list`, ['']).viaKey(param.name));
      }
      return errors;
    }),
  );
}

const plainName = /^[_a-zA-Z][_a-zA-Z0-9.-]*$/;
const objectName = /^[_a-zA-Z][_a-zA-Z0-9-]*$/;

export function nameFormat(sorted: SortedNames): FieldErrors {
  let errors = FieldErrors.none;
  const bad = [...sorted.strings, ...sorted.arrays].filter((name) => !plainName.test(name)).sort();
  if (bad.length > 0) {
    errors = errors.also(
      FieldErrors.of(
        `The format of following array and string variable names is invalid: [${[...new Set(bad)].join(' ')}]`,
        ['params'],
        'String/Array Names: \nMust only contain alphanumeric characters, hyphens (-), underscores (_), and dots (.)\nMust begin with a letter or an underscore (_)',
      ),
    );
  }
  const badObjects = new Map<string, string[]>();
  for (const { name, properties } of sorted.objects) {
    const keys = Object.keys(properties ?? {}).filter((key) => !objectName.test(key));
    if (!objectName.test(name) || keys.length > 0) badObjects.set(name, keys);
  }
  if (badObjects.size > 0) {
    const shown = [...badObjects].sort(([left], [right]) => (left < right ? -1 : 1)).map(([name, keys]) => `${name}:[${keys.join(' ')}]`);
    errors = errors.also(
      FieldErrors.of(
        `Object param name and key name format is invalid: map[${shown.join(' ')}]`,
        ['params'],
        'Object Names: \nMust only contain alphanumeric characters, hyphens (-), underscores (_) \nMust begin with a letter or an underscore (_)',
      ),
    );
  }
  return errors;
}

export function objectsHaveProperties(params: readonly ParamSpec[] | undefined): FieldErrors {
  return FieldErrors.none.also(
    ...(params ?? []).map(({ name, type, properties }) =>
      type === 'object' && properties === undefined ? missingField(`${name}.properties`) : FieldErrors.none,
    ),
  );
}

/** Values given to params: each name once, whatever its letters' case. */
export function noDuplicateNames(names: readonly string[], byIndex: boolean): FieldErrors {
  const seen = new Set<string>();
  let errors = FieldErrors.none;
  for (const [index, name] of names.entries()) {
    const key = name.toLowerCase();
    if (seen.has(key)) errors = errors.also(byIndex ? multipleOneOf('name').viaIndex(index) : multipleOneOf('name').viaKey(name));
    seen.add(key);
  }
  return errors;
}

/** Values given to params of a pipeline task: each name once. */
export function uniqueParams(params: readonly Param[] | undefined): FieldErrors {
  const seen = new Set<string>();
  let errors = FieldErrors.none;
  for (const [index, { name }] of (params ?? []).entries()) {
    if (seen.has(name)) {
      errors = errors.also(
        FieldErrors.of(`parameter names must be unique, the parameter "${name}" is also defined at`, [`[${index}].name`]),
      );
    }
    seen.add(name);
  }
  return errors;
}

export interface Declared {
  readonly all: Names;
  readonly arrays: Names;
  /** Object params and their keys. */
  readonly objects: ReadonlyMap<string, Names>;
}

export function declared(params: readonly ParamSpec[] | undefined): Declared {
  const { all, arrays, objects } = sortByType(params);
  return { all, arrays, objects: new Map(objects.map(({ name, properties }) => [name, new Set(Object.keys(properties ?? {}))])) };
}

export function stringVariable(value: string, names: Declared): FieldErrors {
  return noUnknownVariables(value, 'params', names.all)
    .also(objectVariable(value, names))
    .also(noProhibitedVariables(value, 'params', names.arrays));
}

export function arrayVariable(value: string, names: Declared): FieldErrors {
  return noUnknownVariables(value, 'params', names.all)
    .also(objectVariable(value, names))
    .also(isolatedVariables(value, 'params', names.arrays));
}

function objectVariable(value: string, names: Declared): FieldErrors {
  const keys = [...names.objects].map(([object, known]) => noUnknownVariables(value, `params.${object}`, known));
  return FieldErrors.none.also(...keys).also(noEntireVariables(value, 'params', new Set(names.objects.keys())));
}

/** The params that a pipeline task passes on, against the pipeline's own. */
export function taskParameterVariables(params: readonly Param[] | undefined, names: Declared): FieldErrors {
  let errors = uniqueParams(params).viaField('params');
  for (const { name, value } of params ?? []) errors = errors.also(parameterVariables(name, value, names));
  return errors;
}

function parameterVariables(name: string, value: ParamValue, names: Declared): FieldErrors {
  if (Array.isArray(value)) {
    return FieldErrors.none.also(
      ...value.map((element, index) => arrayVariable(element, names).viaFieldIndex('value', index).viaFieldKey('params', name)),
    );
  }
  if (typeof value === 'object') {
    return FieldErrors.none.also(
      ...Object.entries(value).map(([key, text]) => stringVariable(text, names).viaFieldKey('properties', key).viaFieldKey('params', name)),
    );
  }
  const { whole, errors } = wholeReference(name, value, 'params', names.all);
  return whole ? errors : stringVariable(value, names).viaFieldKey('params', name);
}
