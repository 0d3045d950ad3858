import type { Param, ParamSpec } from '../model/task.ts';
import { typeOf } from '../model/value.ts';
import { FieldErrors, missingField } from './field-error.ts';

/**
 * The params that reach inline steps without being declared by them ("propagated params"): what the run gives, joined
 * with what the specs declare, as Tekton's webhook joins them.
 */
export class InlineParams {
  readonly #specs = new Map<string, ParamSpec>();
  #errors = FieldErrors.none;

  /** A value given by the run: it declares itself. */
  give({ name, value }: Param): void {
    const spec: ParamSpec = { name, type: typeOf(value), default: value };
    if (typeof value === 'object' && !Array.isArray(value)) {
      spec.properties = Object.fromEntries(Object.keys(value).map((key) => [key, { type: 'string' as const }]));
    }
    this.#specs.set(name, spec);
  }

  /** A value that a pipeline task passes on: keys of objects add up. */
  pass({ name, value }: Param): void {
    const known = this.#specs.get(name);
    if (known === undefined) return this.give({ name, value });
    if (typeof value !== 'object' || Array.isArray(value)) return;
    const keys = Object.fromEntries(Object.keys(value).map((key) => [key, { type: 'string' as const }]));
    const before = typeof known.default === 'object' && !Array.isArray(known.default) ? known.default : {};
    this.#specs.set(name, { ...known, default: { ...before, ...value }, properties: { ...known.properties, ...keys } });
  }

  declare(spec: ParamSpec): void {
    const known = this.#specs.get(spec.name);
    if (known === undefined) {
      this.#specs.set(spec.name, spec);
      return;
    }
    const joined: ParamSpec = { ...known };
    const ownObject = typeof spec.default === 'object' && !Array.isArray(spec.default);
    if (ownObject) {
      const before = typeof known.default === 'object' && !Array.isArray(known.default) ? known.default : {};
      if (typeof known.default === 'object' && !Array.isArray(known.default)) {
        joined.default = { ...before, ...(spec.default as Record<string, string>) };
      }
      if (spec.properties === undefined) {
        this.#errors = this.#errors.also(missingField(`${spec.name}.properties`));
        return;
      }
    }
    if (known.type === 'object') {
      if (spec.properties === undefined) {
        this.#errors = this.#errors.also(missingField(`${spec.name}.properties`));
        return;
      }
      joined.properties = spec.properties;
    }
    this.#specs.set(spec.name, joined);
  }

  get specs(): ParamSpec[] {
    return [...this.#specs.values()];
  }

  get errors(): FieldErrors {
    return this.#errors;
  }
}
