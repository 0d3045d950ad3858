import { LineCounter, isMap, isPair, isScalar, parseAllDocuments, visit } from 'yaml';
import { pipelineErrors } from '../errors.ts';
import { isObject } from '../schema/decode.ts';

export interface YamlDocument {
  readonly value: Record<string, unknown>;
  /** Line of the document's first content, from 1. */
  readonly line: number;
  /** The line of a field named as in error messages (`spec.tasks[3].taskRef`), or of its nearest parent. */
  lineOf(path: string): number;
}

const maxBytes = 3 * 1024 * 1024;
const maxDocuments = 1_000;
const maxAliases = 100;

/**
 * Reads a file of YAML documents (or JSON, which is YAML) as kubectl does: empty documents fall out, `List`s are opened.
 * The attacker controls the text: aliases that grow without bound, duplicate and odd keys, unknown tags and `__proto__`
 * are refused. Throws PIPELINE_YAML_INVALID with file-wide line numbers.
 */
export function parseDocuments(text: string, name = 'input'): YamlDocument[] {
  if (Buffer.byteLength(text) > maxBytes) throw pipelineErrors.error('PIPELINE_YAML_INVALID', `${name} is longer than ${maxBytes} bytes`);
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    schema: 'yaml-1.1',
    uniqueKeys: true,
    customTags: kubernetesTags,
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  if (documents.length > maxDocuments)
    throw pipelineErrors.error('PIPELINE_YAML_INVALID', `${name} has more than ${maxDocuments} documents`);
  return documents.flatMap((document) => {
    // An unknown tag is only a warning of the parser.
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) {
      const line = fault.linePos?.[0].line ?? 1;
      throw pipelineErrors.error(
        'PIPELINE_YAML_INVALID',
        `${name}:${line}: ${fault.message.split('\n')[0]?.replace(/ at line \d+, column \d+:?$/, '')}`,
      );
    }
    const lineAt = (offset: number | undefined): number => lines.linePos(offset ?? 0).line;
    visit(document, {
      Pair(_key, pair) {
        if (!isScalar(pair.key) || pair.key.value === '__proto__' || pair.key.value === null) {
          const at = (pair.key as { range?: [number, number, number] } | null)?.range?.[0];
          throw pipelineErrors.error('PIPELINE_YAML_INVALID', `${name}:${lineAt(at)}: a key must be plain text`);
        }
      },
    });
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: maxAliases });
    } catch (cause) {
      throw pipelineErrors.error('PIPELINE_YAML_INVALID', `${name}: ${(cause as Error).message}`, { cause });
    }
    if (value === null || value === undefined) return [];
    const line = lineAt(document.contents?.range?.[0]);
    if (!isObject(value))
      throw pipelineErrors.error('PIPELINE_YAML_INVALID', `${name}:${line}: a document must be a map with apiVersion and kind`);
    const lineOf = (path: string): number => {
      let node: unknown = document.contents;
      let best = line;
      for (const part of path.match(/[^.[\]]+/g) ?? []) {
        const next: unknown = isMap(node)
          ? node.items.find((item) => isPair(item) && String((item.key as { value?: unknown }).value) === part)
          : (node as { items?: unknown[] } | null)?.items?.[Number(part)];
        if (next === undefined) break;
        const at = isPair(next) ? (next.key as { range?: [number, number, number] }) : (next as { range?: [number, number, number] });
        best = lineAt(at.range?.[0]);
        node = isPair(next) ? next.value : next;
      }
      return best;
    };
    if (value['kind'] === 'List' && Array.isArray(value['items'])) {
      return value['items'].filter(isObject).map((item, index) => ({
        value: item,
        line: lineOf(`items[${index}]`),
        lineOf: (path: string) => lineOf(`items[${index}].${path}`),
      }));
    }
    return [{ value, line, lineOf }];
  });
}

/** Timestamps, times of day and binaries stay text, as they do in sigs.k8s.io/yaml; everything else of YAML 1.1 that Kubernetes reads. */
function kubernetesTags<Tag>(tags: Tag[]): Tag[] {
  const dropped = new Set([
    'tag:yaml.org,2002:timestamp',
    'tag:yaml.org,2002:binary',
    'tag:yaml.org,2002:omap',
    'tag:yaml.org,2002:pairs',
    'tag:yaml.org,2002:set',
  ]);
  return tags.filter((tag) => {
    const { tag: name, format } = tag as { tag?: unknown; format?: unknown };
    return !dropped.has(String(name)) && format !== 'TIME';
  });
}
