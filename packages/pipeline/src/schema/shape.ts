/**
 * The Go types behind an API, as far as their decoding can be seen from outside: field names, kinds, and the names that
 * stand in error messages.
 */
export type Shape = Scalar | ListShape | MapShape | StructShape;

export interface Scalar {
  readonly kind: 'string' | 'int' | 'bool' | 'duration' | 'quantity' | 'value' | 'any';
  /** The type's name in error messages. */
  readonly go: string;
  /** A pointer in Go: zero is written, too. */
  readonly pointer?: true;
}

export interface ListShape {
  readonly kind: 'list';
  readonly of: Shape;
  readonly go: string;
}

export interface MapShape {
  readonly kind: 'map';
  readonly of: Shape;
  readonly go: string;
}

export interface StructShape {
  readonly kind: 'struct';
  readonly name: string;
  readonly go: string;
  readonly fields: () => Readonly<Record<string, Shape>>;
  /** Fields that Go writes even when they are empty: what an admitted object shows. */
  readonly always: Readonly<Record<string, unknown>>;
  /** Fields that come from an embedded struct, by its name: `TaskSpec` stands in the path of an error message. */
  readonly embedded: Readonly<Record<string, string>>;
  /** The API server keeps everything below this point (`x-kubernetes-preserve-unknown-fields`); the webhook does not. */
  readonly opaque: ReadonlySet<string>;
  /** Fields without which Go cannot write the object again (a ParamValue that was never read). */
  readonly valued: ReadonlySet<string>;
}

export const text: Scalar = { kind: 'string', go: 'string' };
export const textPointer: Scalar = { kind: 'string', go: 'string', pointer: true };
export const bool: Scalar = { kind: 'bool', go: 'bool' };
export const boolPointer: Scalar = { kind: 'bool', go: 'bool', pointer: true };
export const int: Scalar = { kind: 'int', go: 'int' };
export const int32: Scalar = { kind: 'int', go: 'int32', pointer: true };
export const int64: Scalar = { kind: 'int', go: 'int64', pointer: true };
export const duration: Scalar = { kind: 'duration', go: 'string' };
export const quantity: Scalar = { kind: 'quantity', go: 'string' };
export const value: Scalar = { kind: 'value', go: 'v1.ParamValue' };
export const any: Scalar = { kind: 'any', go: 'any' };

export const list = (of: Shape, go = `[]${of.go}`): ListShape => ({ kind: 'list', of, go });
export const map = (of: Shape): MapShape => ({ kind: 'map', of, go: `map[string]${of.go}` });

export function struct(
  name: string,
  fields: () => Readonly<Record<string, Shape>>,
  options: {
    readonly go?: string;
    readonly always?: Readonly<Record<string, unknown>>;
    readonly embedded?: Readonly<Record<string, string>>;
    readonly opaque?: readonly string[];
    readonly valued?: readonly string[];
  } = {},
): StructShape {
  let known: Readonly<Record<string, Shape>> | undefined;
  return {
    kind: 'struct',
    name,
    go: options.go ?? `v1.${name}`,
    fields: () => (known ??= fields()),
    always: options.always ?? {},
    embedded: options.embedded ?? {},
    opaque: new Set(options.opaque),
    valued: new Set(options.valued),
  };
}
