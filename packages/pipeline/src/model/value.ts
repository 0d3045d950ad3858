/** A param's or result's value: string, array of strings, object of strings (`ParamValue` in Tekton). */
export type ParamValue = string | string[] | Record<string, string>;
export type ParamType = 'string' | 'array' | 'object';

export function typeOf(value: ParamValue): ParamType {
  if (typeof value === 'string') return 'string';
  return Array.isArray(value) ? 'array' : 'object';
}

/**
 * JSON as Tekton reads it into a value: arrays and objects of strings are kept, everything else is its JSON text
 * (a number 1 is the string "1"; a nested array is the string of its JSON). null members of arrays and objects are "".
 */
export function readValue(json: unknown): ParamValue {
  if (typeof json === 'string') return json;
  if (Array.isArray(json) && json.every(isText)) return json.map((member) => (member as string | null) ?? '');
  if (typeof json === 'object' && json !== null && !Array.isArray(json) && Object.values(json).every(isText)) {
    return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, (member as string | null) ?? '']));
  }
  return JSON.stringify(json);
}

/** All strings of a value: itself, its members, the values of its keys. */
export function textsOf(value: ParamValue): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value : Object.values(value);
}

function isText(member: unknown): boolean {
  return typeof member === 'string' || member === null;
}
