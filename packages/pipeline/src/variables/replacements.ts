import { typeOf, type ParamValue } from '../model/value.ts';
import type { Param, ParamSpec, WhenExpression } from '../model/task.ts';
import { isExactReference } from './references.ts';

/** What `$(key)` stands for. Keys are written as between the parentheses: `params.x`, `params["x"]`, `params.x[0]`. */
export interface Replacements {
  readonly strings: ReadonlyMap<string, string>;
  readonly arrays: ReadonlyMap<string, readonly string[]>;
  readonly objects: ReadonlyMap<string, Readonly<Record<string, string>>>;
}

export const noReplacements: Replacements = { strings: new Map(), arrays: new Map(), objects: new Map() };

export function stringsOnly(entries: Iterable<readonly [string, string]>): Replacements {
  return { ...noReplacements, strings: new Map(entries) };
}

const longestKey = 1024;

/**
 * Replaces every known `$(key)` of a text, in one pass: what was put in is not looked at again, unknown ones stay as
 * they are (a shell's `$(date)`). Linear in the text.
 */
export function replaceText(text: string, { strings }: Replacements): string {
  if (strings.size === 0) return text;
  let out = '';
  let done = 0;
  let end = 0;
  for (let at = text.indexOf('$('); at !== -1; at = text.indexOf('$(', at)) {
    if (end <= at) end = text.indexOf(')', at);
    if (end === -1) break;
    const value = end - at > longestKey ? undefined : strings.get(text.slice(at + 2, end));
    if (value === undefined) {
      at += 2;
      continue;
    }
    out += text.slice(done, at) + value;
    done = end + 1;
    at = done;
  }
  return done === 0 ? text : out + text.slice(done);
}

/** A list's members; one that is just a reference to an array becomes the array's members. */
export function replaceList(list: readonly string[], replacements: Replacements): string[] {
  return list.flatMap((text) => {
    const array = isExactReference(text) || text.startsWith('$(') ? replacements.arrays.get(bareKey(text)) : undefined;
    return array === undefined ? [replaceText(text, replacements)] : [...array];
  });
}

/** A value; a string that is just a reference to an array or object takes its type. */
export function replaceValue(value: ParamValue, replacements: Replacements): ParamValue {
  if (Array.isArray(value)) return replaceList(value, replacements);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, text]) => [key, replaceText(text, replacements)]));
  }
  if (!isExactReference(value)) return replaceText(value, replacements);
  const key = bareKey(value);
  const object = replacements.objects.get(key);
  if (object !== undefined) return { ...object };
  const array = replacements.arrays.get(key);
  if (array !== undefined) return [...array];
  return replaceText(value, replacements);
}

export function replaceParams(params: readonly Param[], replacements: Replacements): Param[] {
  return params.map((param) => ({ ...param, value: replaceValue(param.value, replacements) }));
}

export function replaceWhen(when: readonly WhenExpression[], replacements: Replacements): WhenExpression[] {
  return when.map((expression) => ({
    ...expression,
    ...(expression.input === undefined ? {} : { input: replaceText(expression.input, replacements) }),
    ...(expression.values === undefined ? {} : { values: replaceList(expression.values, replacements) }),
    ...(expression.cel === undefined ? {} : { cel: replaceText(expression.cel, replacements) }),
  }));
}

function bareKey(text: string): string {
  return text.slice(2, -1).replace(/\[\*\]$/, '');
}

const notations = (name: string): string[] => [`params.${name}`, `params["${name}"]`, `params['${name}']`];

/** The same values under a prefix before `params`, in dot notation: `inputs.params.x` is an old spelling that Tasks may still use. */
export function alsoAs(prefix: string, replacements: Replacements): Replacements {
  const both = <Value>(map: ReadonlyMap<string, Value>) =>
    new Map([
      ...map,
      ...[...map].filter(([key]) => key.startsWith('params.')).map(([key, value]): [string, Value] => [`${prefix}.${key}`, value]),
    ]);
  return { strings: both(replacements.strings), arrays: both(replacements.arrays), objects: both(replacements.objects) };
}

/** The replacements that values of params make, in all three notations. Later values win. */
export function fromParams(params: readonly { name: string; value: ParamValue }[]): Replacements {
  const strings = new Map<string, string>();
  const arrays = new Map<string, readonly string[]>();
  const objects = new Map<string, Record<string, string>>();
  for (const { name, value } of params) {
    for (const notation of notations(name)) {
      if (typeof value === 'string') strings.set(notation, value);
      else if (Array.isArray(value)) {
        arrays.set(notation, value);
        for (const [index, text] of value.entries()) strings.set(`${notation}[${index}]`, text);
      } else {
        // An object given in part keeps the keys that its default has.
        objects.set(notation, { ...objects.get(notation), ...value });
      }
    }
    if (typeOf(value) === 'object') for (const [key, text] of Object.entries(value)) strings.set(`params.${name}.${key}`, text);
  }
  return { strings, arrays, objects };
}

export function defaultsOf(specs: readonly ParamSpec[] | undefined): { name: string; value: ParamValue }[] {
  return (specs ?? []).flatMap(({ name, default: value }) => (value === undefined ? [] : [{ name, value }]));
}
