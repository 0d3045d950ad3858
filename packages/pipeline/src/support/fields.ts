export interface UnsupportedField {
  /** As in error messages: `spec.steps[0].when`. */
  readonly path: string;
  /** What the field belongs to. */
  readonly why: string;
}

export const at = (path: string, why: string): UnsupportedField => ({ path, why });

/** The fields of `names` that are given. */
export function present(object: object, names: readonly string[], path: string, why: string): UnsupportedField[] {
  return names.filter((name) => (object as Record<string, unknown>)[name] !== undefined).map((name) => at(`${path}.${name}`, why));
}
