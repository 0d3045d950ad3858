import { quote } from '../text/quote.ts';
import { referencesIn, trimIndex } from '../variables/references.ts';
import { FieldErrors } from './field-error.ts';

export type Names = ReadonlySet<string>;

const here = [''];

/** The name that a reference is about: `object.key` is about `object`; more than one dot is a fault. */
function base(name: string): string | undefined {
  const parts = name.split('.');
  return parts.length > 2 ? undefined : parts[0];
}

/** Every `$(prefix.x)` must be one of `names`; `$(prefix.x[0])` and `$(prefix.x.key)` are about x. */
export function noUnknownVariables(value: string | undefined, prefix: string, names: Names): FieldErrors {
  if (value === undefined) return FieldErrors.none;
  for (const name of referencesIn(value, prefix).names) {
    const about = base(name);
    if (about === undefined) {
      return FieldErrors.of(
        `Invalid referencing of parameters in "${value}"! Only two dot-separated components after the prefix "${prefix}" are allowed.`,
        here,
      );
    }
    if (!names.has(trimIndex(about))) return FieldErrors.of(`non-existent variable in ${quote(value)}`, here);
  }
  return FieldErrors.none;
}

/** No `$(prefix.x)` or `$(prefix.x[*])` of one of `names`; an element of it may be named. */
export function noProhibitedVariables(value: string | undefined, prefix: string, names: Names): FieldErrors {
  if (value === undefined) return FieldErrors.none;
  for (const name of referencesIn(value, prefix).names) {
    const about = base(name);
    if (about !== undefined && names.has(about.replace(/\[\*\]$/, ''))) {
      return FieldErrors.of(`variable type invalid in ${quote(value)}`, here);
    }
  }
  return FieldErrors.none;
}

/** No reference to the whole of one of `names` (objects); `$(prefix.x.key)` may stand. */
export function noEntireVariables(value: string | undefined, prefix: string, names: Names): FieldErrors {
  if (value === undefined) return FieldErrors.none;
  for (const name of referencesIn(value, prefix).names) {
    if (names.has(name.replace(/\[\*\]$/, ''))) return FieldErrors.of(`variable type invalid in ${quote(value)}`, here);
  }
  return FieldErrors.none;
}

/** A reference to one of `names` (arrays) must be all that the text is. */
export function isolatedVariables(value: string | undefined, prefix: string, names: Names): FieldErrors {
  if (value === undefined) return FieldErrors.none;
  const { names: found, first } = referencesIn(value, prefix);
  for (const name of found) {
    const about = base(name);
    if (about !== undefined && names.has(about.replace(/\[\*\]$/, '')) && value.length !== first.length) {
      return FieldErrors.of(`variable is not properly isolated in ${quote(value)}`, here);
    }
  }
  return FieldErrors.none;
}

/** Whether a string param is just `$(prefix.x[*])`: then only x's being declared matters. */
export function wholeReference(param: string, value: string, prefix: string, names: Names): { whole: boolean; errors: FieldErrors } {
  const { names: found, first } = referencesIn(value, prefix);
  for (const name of found) {
    if (!name.endsWith('[*]') || value.length !== first.length) continue;
    const errors = names.has(name.slice(0, -3))
      ? FieldErrors.none
      : FieldErrors.of(`non-existent variable in ${quote(value)}`, here).viaFieldKey('params', param);
    return { whole: true, errors };
  }
  return { whole: false, errors: FieldErrors.none };
}
