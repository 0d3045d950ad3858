import { LineCounter, isMap, isPair, type Document, type ParsedNode } from 'yaml';
import { pipelineErrors } from '../errors.ts';
import { isObject } from '../schema/decode.ts';
import { parseYaml, YamlFault } from './parse.ts';

export interface YamlDocument {
  readonly value: Record<string, unknown>;
  /** Line of the document's first content, from 1. */
  readonly line: number;
  /** The line of a field named as in error messages (`spec.tasks[3].taskRef`), or of its nearest parent. */
  lineOf(path: string): number;
}

const maxBytes = 3 * 1024 * 1024;
const limits = { documents: 1_000, depth: 100, tokens: 500_000 };
const maxAliases = 100;

/**
 * Reads a file of YAML documents (or JSON, which is YAML) as kubectl does: empty documents fall out, `List`s are opened.
 * The attacker controls the text: aliases that grow without bound, duplicate and odd keys, unknown tags, `__proto__` and
 * endless nesting are refused. Throws PIPELINE_YAML_INVALID with file-wide line numbers.
 */
export function parseDocuments(text: string, name = 'input'): YamlDocument[] {
  const invalid = (message: string, cause?: unknown) => pipelineErrors.error('PIPELINE_YAML_INVALID', message, { cause });
  if (Buffer.byteLength(text) > maxBytes) throw invalid(`${name} is longer than ${maxBytes} bytes`);
  const lines = new LineCounter();
  try {
    return [...parseYaml(text, lines, limits)].flatMap((document) => opened(document, lines));
  } catch (cause) {
    if (!(cause instanceof YamlFault)) throw cause;
    throw invalid(`${name}:${lines.linePos(cause.offset).line}: ${cause.message}`, cause);
  }
}

function opened(document: Document.Parsed, lines: LineCounter): YamlDocument[] {
  const start = document.contents?.range[0] ?? document.range[0];
  const value = plain(document, start);
  if (value === null || value === undefined) return [];
  if (!isObject(value)) throw new YamlFault('a document must be a map with apiVersion and kind', start);
  const offsetOf = (path: string): number => fieldOffset(document, path, start);
  const lineOf = (path: string): number => lines.linePos(offsetOf(path)).line;
  if (value['kind'] !== 'List' || !Array.isArray(value['items'])) return [{ value, line: lines.linePos(start).line, lineOf }];
  return value['items'].map((item: unknown, index) => {
    const place = `items[${index}]`;
    if (!isObject(item)) throw new YamlFault('an item of a List must be a map with apiVersion and kind', offsetOf(place));
    return { value: item, line: lineOf(place), lineOf: (path: string) => lineOf(`${place}.${path}`) };
  });
}

function plain(document: Document.Parsed, start: number): unknown {
  try {
    return document.toJS({ maxAliasCount: maxAliases });
  } catch (cause) {
    throw new YamlFault((cause as Error).message, start);
  }
}

function fieldOffset(document: Document.Parsed, path: string, start: number): number {
  let node: unknown = document.contents;
  let best = start;
  for (const part of path.match(/[^.[\]]+/g) ?? []) {
    const next: unknown = isMap(node)
      ? node.items.find((item) => isPair(item) && String((item.key as { value?: unknown }).value) === part)
      : (node as { items?: unknown[] } | null)?.items?.[Number(part)];
    if (next === undefined) break;
    best = ((isPair(next) ? next.key : next) as ParsedNode).range[0];
    node = isPair(next) ? next.value : next;
  }
  return best;
}
