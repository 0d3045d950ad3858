import { compareBytewise } from '@colophon/core';

interface Fault {
  readonly message: string;
  readonly paths: readonly string[];
  readonly details: string;
}

/**
 * A set of faults with the paths of the fields they are about, as Knative's apis.FieldError: never changed, put
 * together with `also`, moved below a field with `via…`. Its text is what Tekton's webhook answers.
 */
export class FieldErrors {
  static readonly none = new FieldErrors([]);
  readonly faults: readonly Fault[];

  private constructor(faults: readonly Fault[]) {
    this.faults = faults;
  }

  static of(message: string, paths: readonly string[] = [], details = ''): FieldErrors {
    return new FieldErrors([{ message, paths, details }]);
  }

  get empty(): boolean {
    return this.faults.length === 0;
  }

  also(...others: readonly (FieldErrors | undefined)[]): FieldErrors {
    const more = others.flatMap((other) => other?.faults ?? []);
    return more.length === 0 ? this : new FieldErrors([...this.faults, ...more]);
  }

  viaField(field: string): FieldErrors {
    if (this.empty) return this;
    return new FieldErrors(this.faults.map((fault) => ({ ...fault, paths: fault.paths.map((path) => flatten(`${field}.${path}`)) })));
  }

  viaIndex(index: number): FieldErrors {
    return this.viaField(`[${index}]`);
  }

  viaFieldIndex(field: string, index: number): FieldErrors {
    return this.viaIndex(index).viaField(field);
  }

  viaKey(key: string): FieldErrors {
    return this.viaField(`[${key}]`);
  }

  viaFieldKey(field: string, key: string): FieldErrors {
    return this.viaKey(key).viaField(field);
  }

  /** Faults of one message are merged, messages and paths sorted; a line each (two with details). */
  toString(): string {
    const merged = new Map<string, { message: string; details: string; paths: Set<string> }>();
    for (const { message, paths, details } of this.faults) {
      const key = `${message}\0${details}`;
      const entry = merged.get(key) ?? { message, details, paths: new Set<string>() };
      for (const path of paths) entry.paths.add(path);
      merged.set(key, entry);
    }
    return [...merged.values()]
      .sort((left, right) => compareBytewise(left.message, right.message) || compareBytewise(left.details, right.details))
      .map(({ message, details, paths }) => {
        const line = `${message}: ${[...paths].sort(compareBytewise).join(', ')}`;
        return details === '' ? line : `${line}\n${details}`;
      })
      .join('\n');
  }
}

/** `foo.[0].bar` is written `foo[0].bar`; empty parts fall out. */
function flatten(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('.')) {
    if (part === '') continue;
    if (parts.length > 0 && part.startsWith('[') && part.endsWith(']')) parts[parts.length - 1] += part;
    else parts.push(part);
  }
  return parts.join('.');
}

export const missingField = (...paths: string[]): FieldErrors => FieldErrors.of('missing field(s)', paths);
export const multipleOneOf = (...paths: string[]): FieldErrors => FieldErrors.of('expected exactly one, got both', paths);
export const missingOneOf = (...paths: string[]): FieldErrors => FieldErrors.of('expected exactly one, got neither', paths);
export const invalidValue = (value: string | number, path: string, details = ''): FieldErrors =>
  FieldErrors.of(`invalid value: ${value}`, [path], details);
export const invalidKeyName = (name: string, path: string, details: string): FieldErrors =>
  FieldErrors.of(`invalid key name "${name}"`, [path], details);

/** Runs a rule over a list and puts each item's faults below its index. */
export function each<Item>(items: readonly Item[] | undefined, rule: (item: Item, index: number) => FieldErrors): FieldErrors {
  return FieldErrors.none.also(...(items ?? []).map((item, index) => rule(item, index).viaIndex(index)));
}
