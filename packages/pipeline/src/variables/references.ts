/**
 * The `$(prefix.name)`, `$(prefix["name"])` and `$(prefix['name'])` of a text. One pass, whatever the text: the
 * attacker writes scripts of a megabyte. Names do not reach over the end of a line.
 */
export function referencesIn(text: string, prefix: string): { names: string[]; first: string } {
  const names: string[] = [];
  let first = '';
  const start = `$(${prefix}`;
  let at = text.indexOf(start);
  while (at !== -1) {
    const from = at + start.length;
    const found = readName(text, from);
    if (found === undefined) {
      at = text.indexOf(start, from);
      continue;
    }
    if (names.length === 0) first = text.slice(at, found.end);
    names.push(found.name);
    at = text.indexOf(start, found.end);
  }
  return { names, first };
}

function readName(text: string, from: number): { name: string; end: number } | undefined {
  const opening = text.startsWith('["', from) ? '"' : text.startsWith("['", from) ? "'" : undefined;
  if (opening !== undefined) {
    const line = lineFrom(text, from + 2);
    const close = line.indexOf(`${opening}])`);
    return close === -1 ? undefined : { name: line.slice(0, close), end: from + 2 + close + 3 };
  }
  if (text[from] !== '.') return undefined;
  const line = lineFrom(text, from + 1);
  const close = line.indexOf(')');
  return close === -1 ? undefined : { name: line.slice(0, close), end: from + 1 + close + 1 };
}

function lineFrom(text: string, from: number): string {
  const window = text.slice(from, from + longestLine);
  const end = window.indexOf('\n');
  return end === -1 ? window : window.slice(0, end);
}

/** A reference longer than this is not read as one: it keeps the scan linear. */
const longestLine = 1024;

const expression = /\$\([_a-zA-Z0-9.-]+(?:\[(?:[0-9]+|\*)\])?\)/g;
const exact = /^\$\([_a-zA-Z0-9.-]+(?:\[(?:[0-9]+|\*)\])?\)$/;

/** What stands between `$(` and `)` of each variable of a text (dot notation only, as Tekton reads results). */
export function expressionsIn(text: string): string[] {
  return (text.match(expression) ?? []).map((found) => found.slice(2, -1));
}

/** True if the text is one reference and nothing else. */
export function isExactReference(text: string): boolean {
  return exact.test(text);
}

export interface ResultRef {
  readonly pipelineTask: string;
  readonly result: string;
  readonly index: number | undefined;
  readonly star: boolean;
  readonly property: string;
}

const indexing = /\[[0-9]*\*?\]/;

/** `tasks.T.results.R`, with `[i]`, `[*]` or `.key`; undefined for every other expression. */
export function parseResultRef(text: string, from: readonly string[] = ['tasks', 'finally']): ResultRef | undefined {
  const parts = text.split('.');
  if ((parts.length !== 4 && parts.length !== 5) || !from.includes(parts[0] as string) || parts[2] !== 'results') return undefined;
  const [, pipelineTask = '', , name = '', property = ''] = parts;
  if (parts.length === 5) return { pipelineTask, result: name, index: undefined, star: false, property };
  const index = (indexing.exec(name)?.[0] ?? '').slice(1, -1);
  return {
    pipelineTask,
    result: name.replace(indexing, ''),
    index: /^[0-9]+$/.test(index) ? Number(index) : undefined,
    star: index === '*',
    property: '',
  };
}

/** A looser look than parseResultRef: decides whether a text means to speak of results at all. */
export function looksLikeResultRef(text: string): boolean {
  return (text.startsWith('task') || text.startsWith('finally')) && text.includes('.result');
}

export function trimIndex(name: string): string {
  return name.replace(indexing, '');
}
