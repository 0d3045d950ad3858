import { formatDuration, readDuration } from '../text/duration.ts';
import { readValue } from '../model/value.ts';
import { quote } from '../text/quote.ts';
import { compareBytewise } from '@colophon/core';
import type { Shape, StructShape } from './shape.ts';

const quantityForm = /^[+-]?(\d+\.?\d*|\.\d+)([numkMGTPE]|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?$/;

/** Paths that the API server's schema does not know, as it names them (`spec.tasks[3].taskRef.bundle`). */
export function unknownFields(json: unknown, shape: Shape, path = ''): string[] {
  if (shape.kind === 'list') {
    if (Array.isArray(json)) return json.flatMap((item, index) => unknownFields(item, shape.of, `${path}[${index}]`));
    return isObject(json) ? Object.keys(json).map((key) => `${path}.${key}`) : [];
  }
  if (!isObject(json)) return [];
  if (shape.kind === 'map') return Object.entries(json).flatMap(([key, member]) => unknownFields(member, shape.of, `${path}.${key}`));
  if (shape.kind !== 'struct') return [];
  const fields = shape.fields();
  return Object.entries(json).flatMap(([key, member]) => {
    const inside = path === '' ? key : `${path}.${key}`;
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) return [inside];
    return shape.opaque.has(key) ? [] : unknownFields(member, field, inside);
  });
}

interface State {
  /** The first fault that Go's decoder keeps and goes on after. */
  kept: string | undefined;
}

/** A fault that ends Go's decoding at once (a type's own UnmarshalJSON): it wins over kept ones. */
class Stop extends Error {}

/**
 * Decodes as encoding/json does into `shape`, with unknown fields forbidden: gives the object as it would be
 * written again, or the first fault in Go's words. The attacker controls the JSON; it was parsed with a depth limit.
 */
export function decode(json: unknown, shape: StructShape): { object: Record<string, unknown> } | { problem: string } {
  const state: State = { kept: undefined };
  let object: unknown;
  try {
    object = read(json, shape, { struct: shape.name, path: '' }, state);
  } catch (error) {
    if (error instanceof Stop) return { problem: error.message };
    throw error;
  }
  return state.kept === undefined ? { object: object as Record<string, unknown> } : { problem: state.kept };
}

interface Place {
  readonly struct: string;
  readonly path: string;
}

function read(json: unknown, shape: Shape, place: Place, state: State): unknown {
  if (json === null) return undefined;
  switch (shape.kind) {
    case 'any':
      return json;
    case 'value':
      return readValue(json);
    case 'string':
      return typeof json === 'string' ? json : mismatch(json, shape, place, state);
    case 'bool':
      return typeof json === 'boolean' ? json : mismatch(json, shape, place, state);
    case 'int':
      return Number.isInteger(json) ? json : mismatch(json, shape, place, state);
    case 'duration': {
      if (typeof json !== 'string') throw new Stop(sentence(json, shape, place));
      const length = readDuration(json);
      if ('problem' in length) throw new Stop(length.problem);
      return formatDuration(length.nanoseconds);
    }
    case 'quantity':
      if ((typeof json === 'string' || typeof json === 'number') && quantityForm.test(String(json))) return json;
      throw new Stop("quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'");
    case 'list':
      if (!Array.isArray(json)) return mismatch(json, shape, place, state);
      return json.map((item) => read(item, shape.of, place, state) ?? emptyOf(shape.of));
    case 'map':
      if (!isObject(json)) return mismatch(json, shape, place, state);
      return Object.fromEntries(inOrder(json).map(([key, member]) => [key, read(member, shape.of, place, state) ?? emptyOf(shape.of)]));
    case 'struct':
      return readStruct(json, shape, place, state);
  }
}

function readStruct(json: unknown, shape: StructShape, place: Place, state: State): unknown {
  if (!isObject(json)) return mismatch(json, shape, place, state);
  const fields = shape.fields();
  const out: Record<string, unknown> = structuredClone(shape.always);
  for (const [key, member] of inOrder(json)) {
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) {
      state.kept ??= `json: unknown field ${quote(key)}`;
      continue;
    }
    const inside = [place.path, shape.embedded[key], key].filter((piece) => piece !== undefined && piece !== '').join('.');
    const result = member === null && shape.valued.has(key) ? '' : read(member, field, { struct: shape.name, path: inside }, state);
    if (result !== undefined && !omitted(result, field, shape.always[key])) out[key] = result;
  }
  return out;
}

/** `omitempty`: what Go leaves out when it writes the object again. */
function omitted(value: unknown, shape: Shape, always: unknown): boolean {
  if (always !== undefined) return false;
  if (shape.kind === 'string') return shape.pointer !== true && value === '';
  if (shape.kind === 'bool' || shape.kind === 'int') return shape.pointer !== true && (value === false || value === 0);
  if (shape.kind === 'list') return (value as unknown[]).length === 0;
  return shape.kind === 'map' && Object.keys(value as object).length === 0;
}

/**
 * Params and results whose value was never given: Go cannot write them again. A null is dropped by the API server,
 * except below an opaque field, where it reaches the webhook as an empty string.
 */
export function hasValuelessParam(json: unknown, shape: Shape, opaque = false): boolean {
  if (shape.kind === 'list' && Array.isArray(json)) return json.some((item) => hasValuelessParam(item, shape.of, opaque));
  if (!isObject(json)) return false;
  if (shape.kind === 'map') return Object.values(json).some((member) => hasValuelessParam(member, shape.of, opaque));
  if (shape.kind !== 'struct') return false;
  if ([...shape.valued].some((name) => json[name] === undefined || (json[name] === null && !opaque))) return true;
  const fields = shape.fields();
  return Object.entries(json).some(
    ([key, member]) => fields[key] !== undefined && hasValuelessParam(member, fields[key], opaque || shape.opaque.has(key)),
  );
}

function mismatch(json: unknown, shape: Shape, place: Place, state: State): undefined {
  state.kept ??= sentence(json, shape, place);
  return undefined;
}

function sentence(json: unknown, shape: Shape, place: Place): string {
  return `json: cannot unmarshal ${named(json, shape)} into Go struct field ${place.struct}.${place.path} of type ${shape.go}`;
}

function named(json: unknown, shape: Shape): string {
  if (Array.isArray(json)) return 'array';
  if (typeof json === 'boolean') return 'bool';
  if (typeof json === 'number') return shape.kind === 'int' ? `number ${json}` : 'number';
  return typeof json;
}

function emptyOf(shape: Shape): unknown {
  if (shape.kind === 'struct') return structuredClone(shape.always);
  return shape.kind === 'list' ? [] : shape.kind === 'map' ? {} : '';
}

/** The API server writes an object with its keys in byte order before the webhook reads it. */
function inOrder(json: Record<string, unknown>): [string, unknown][] {
  return Object.entries(json).sort(([left], [right]) => compareBytewise(left, right));
}

export function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}
