import { Composer, Lexer, type LineCounter, Parser, isScalar, visit, type Document, type ParsedNode } from 'yaml';

export interface YamlLimits {
  readonly documents: number;
  /** How many collections may lie in one another. */
  readonly depth: number;
  readonly tokens: number;
}

/** What is wrong with a text, and where. */
export class YamlFault extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/**
 * Composes the documents of a text one by one, so that a hostile text ends at the first fault: the parser on its own
 * recurses as deep as the text says, compares every key of a map with every other, and takes unknown tags.
 */
export function* parseYaml(text: string, lines: LineCounter, limits: YamlLimits): Generator<Document.Parsed> {
  // Duplicate keys are found below, in linear time.
  const composer = new Composer({ version: '1.1', schema: 'yaml-1.1', uniqueKeys: false, customTags: kubernetesTags });
  let documents = 0;
  for (const document of composer.compose(tokens(text, lines, limits))) {
    // An unknown tag is only a warning of the parser.
    const fault = document.errors[0] ?? document.warnings[0];
    if (fault !== undefined) throw new YamlFault(fault.message.split('\n')[0] ?? '', fault.pos[0]);
    documents += 1;
    if (documents > limits.documents) throw new YamlFault(`more than ${limits.documents} documents`, document.range[0]);
    checkKeys(document);
    yield document;
  }
}

function* tokens(text: string, lines: LineCounter, limits: YamlLimits) {
  const { depth } = limits;
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const nesting = { flow: 0, line: 0 };
  let scalar = false;
  let offset = 0;
  let left = limits.tokens;
  for (const lexeme of new Lexer().lex(text)) {
    left -= 1;
    if (left < 0) throw new YamlFault(`more than ${limits.tokens} tokens`, offset);
    if (!scalar) count(nesting, lexeme);
    if (nesting.flow > depth || nesting.line > depth) throw new YamlFault(`nested more than ${depth} deep`, offset);
    scalar = lexeme === scalarFollows;
    offset = parser.offset;
    yield* parser.next(lexeme);
    if (parser.stack.length > 3 * depth) throw new YamlFault(`nested more than ${depth} deep`, offset);
  }
  yield* parser.end();
}

const scalarFollows = '\u001F';

function count(nesting: { flow: number; line: number }, lexeme: string): void {
  if (lexeme === '[' || lexeme === '{') nesting.flow += 1;
  else if (lexeme === ']' || lexeme === '}') nesting.flow -= 1;
  else if (lexeme === '-' || lexeme === '?') nesting.line += 1;
  else if (lexeme === '\n' || lexeme === '\r\n') nesting.line = 0;
}

function checkKeys(document: Document.Parsed): void {
  visit(document, {
    Map(_key, map) {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const offset = (key as ParsedNode | null)?.range?.[0] ?? map.range?.[0] ?? 0;
        if (!isScalar<string | number | boolean | bigint | null>(key) || key.value === null || key.value === '__proto__')
          throw new YamlFault('a key must be plain text', offset);
        const text = String(key.value);
        if (seen.has(text)) throw new YamlFault(`key ${JSON.stringify(text)} is given twice`, offset);
        seen.add(text);
      }
    },
  });
}

const dropped = new Set(['timestamp', 'binary', 'omap', 'pairs', 'set'].map((name) => `tag:yaml.org,2002:${name}`));

/** Timestamps, times of day and binaries stay text, as they do in sigs.k8s.io/yaml; everything else of YAML 1.1 that Kubernetes reads. */
function kubernetesTags<Tag>(tags: Tag[]): Tag[] {
  return tags.filter((tag) => {
    const { tag: name, format } = tag as { tag?: unknown; format?: unknown };
    return !dropped.has(String(name)) && format !== 'TIME';
  });
}
