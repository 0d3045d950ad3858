import { isDeepStrictEqual } from 'node:util';
import { storeErrors } from '../errors.ts';

type Json = unknown;

/** RFC 7386: null removes, objects merge, everything else replaces. */
export function mergePatch(target: Json, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    refuseKey(key);
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** As Kubernetes has them: what a patch of a few bytes may make of itself by copying. */
const maxOperations = 10_000;
const maxCopied = 16 << 20;

/** RFC 6902. Throws STORE_INVALID at the first operation that cannot be done. The attacker controls the whole patch. */
export function jsonPatch(target: Json, operations: Json): Json {
  if (!Array.isArray(operations) || !operations.every(isObject)) throw invalid('a JSON patch is a list of operations');
  if (operations.length > maxOperations) throw invalid(`a JSON patch has at most ${maxOperations} operations`);
  let copied = 0;
  let document = structuredClone(target);
  for (const operation of operations) {
    const path = pointer(operation['path']);
    switch (operation['op']) {
      case 'add':
        document = change(
          document,
          path,
          (parent, key) => insert(parent, key, operation['value']),
          () => operation['value'],
        );
        break;
      case 'remove':
        document = change(document, path, remove, () => null);
        break;
      case 'replace':
        document = change(
          document,
          path,
          (parent, key) => replace(parent, key, operation['value']),
          () => operation['value'],
        );
        break;
      case 'test':
        if (!isDeepStrictEqual(read(document, path), operation['value'])) throw invalid(`the test of ${String(operation['path'])} failed`);
        break;
      case 'move':
      case 'copy': {
        const { from: source, op } = operation;
        const from = pointer(source);
        if (path.length > from.length && op === 'move' && from.every((part, at) => part === path[at]))
          throw invalid('a value cannot be moved into itself');
        const value = structuredClone(read(document, from));
        copied += JSON.stringify(value).length;
        if (copied > maxCopied) throw invalid('the patch copies too much');
        if (op === 'move') document = change(document, from, remove, () => null);
        document = change(
          document,
          path,
          (parent, key) => insert(parent, key, value),
          () => value,
        );
        break;
      }
      default:
        throw invalid(`unknown operation ${JSON.stringify(operation['op'])}`);
    }
  }
  return document;
}

/** RFC 6901. */
function pointer(text: Json): string[] {
  if (typeof text !== 'string' || (text !== '' && !text.startsWith('/'))) throw invalid('a path begins with /');
  return text
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function read(document: Json, path: readonly string[]): Json {
  return path.reduce<Json>((value, key) => {
    if (Array.isArray(value)) return value[index(key, value.length - 1)] as Json;
    if (!isObject(value) || !Object.hasOwn(value, key)) throw invalid(`there is no ${path.join('/')}`);
    return value[key];
  }, document);
}

function change(document: Json, path: readonly string[], act: (parent: Json, key: string) => void, root: () => Json): Json {
  const key = path.at(-1);
  if (key === undefined) return root();
  refuseKey(key);
  act(read(document, path.slice(0, -1)), key);
  return document;
}

function insert(parent: Json, key: string, value: Json): void {
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : index(key, parent.length), 0, value);
  else if (isObject(parent)) parent[key] = value;
  else throw invalid(`${key} has no parent`);
}

function remove(parent: Json, key: string): void {
  if (Array.isArray(parent)) parent.splice(index(key, parent.length - 1), 1);
  else if (isObject(parent) && Object.hasOwn(parent, key)) delete parent[key];
  else throw invalid(`there is no ${key} to remove`);
}

function replace(parent: Json, key: string, value: Json): void {
  if (Array.isArray(parent)) parent[index(key, parent.length - 1)] = value;
  else if (isObject(parent) && Object.hasOwn(parent, key)) parent[key] = value;
  else throw invalid(`there is no ${key} to replace`);
}

function index(key: string, last: number): number {
  if (!/^(?:0|[1-9][0-9]{0,8})$/.test(key) || Number(key) > last) throw invalid(`${key} is not an index of the list`);
  return Number(key);
}

export function isObject(value: Json): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The patch comes from a client: it must not reach into prototypes. */
function refuseKey(key: string): void {
  if (key === '__proto__') throw invalid('__proto__ is not a key');
}

function invalid(what: string): Error {
  return storeErrors.error('STORE_INVALID', what);
}
