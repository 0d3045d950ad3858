import { LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { imageErrors } from '../errors.ts';
import { imageSpecSchema, type ImageSpec } from './schema.ts';
import { checkSpec } from './check.ts';

export interface SpecProblem {
  /** `packages[3].name`; empty for the whole file. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/**
 * Parses a specification (YAML 1.2, or JSON). Every problem is reported with its path, line and column, in one
 * IMAGE_SPEC_INVALID. Anchors may not multiply what is written (no alias bombs), keys may not repeat.
 */
export function parseImageSpec(text: string, file = 'the specification'): ImageSpec {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false, strict: true });
  const syntax = document.errors.map(({ message, pos }) => problem([], message, lines, pos[0]));
  if (syntax.length > 0) throw invalid(file, syntax);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 20 });
  } catch (cause) {
    throw invalid(file, [problem([], (cause as Error).message, lines, 0)]);
  }
  const result = imageSpecSchema.safeParse(value);
  if (!result.success)
    throw invalid(
      file,
      result.error.issues.flatMap((issue) => problemsOf(issue, document, lines)),
    );
  const contradictions = checkSpec(result.data);
  if (contradictions.length > 0) {
    throw invalid(
      file,
      contradictions.map(({ path, message }) => problem(path, message, lines, positionOf(document, path))),
    );
  }
  return result.data;
}

function problemsOf(issue: z.core.$ZodIssue, document: Document, lines: LineCounter): SpecProblem[] {
  const path = issue.path.filter((part) => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem([...path, key], 'there is no such field', lines, positionOf(document, [...path, key])));
  }
  // A union says only that nothing fits; the branch that got furthest says why.
  const inner = issue.code === 'invalid_union' ? issue.errors.toSorted((left, right) => depth(right) - depth(left))[0] : undefined;
  if (inner !== undefined && depth(inner) > 0)
    return inner.flatMap((one) => problemsOf({ ...one, path: [...issue.path, ...one.path] }, document, lines));
  return [problem(path, issue.message, lines, positionOf(document, path))];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path, code }) => path.length + (code === 'unrecognized_keys' ? 1 : 0)));
}

function positionOf(document: Document, path: readonly (string | number)[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number, number, number] | null } | undefined;
    if (node?.range) return node.range[0];
  }
  return 0;
}

function problem(path: readonly (string | number)[], message: string, lines: LineCounter, offset: number): SpecProblem {
  const { line, col } = lines.linePos(offset);
  const written = path.map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
  return { path: written, line: Math.max(1, line), column: Math.max(1, col), message };
}

function invalid(file: string, problems: readonly SpecProblem[]): Error {
  const shown = problems
    .toSorted((left, right) => left.line - right.line || left.column - right.column)
    .map(({ path, line, column, message }) => `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`);
  return imageErrors.error('IMAGE_SPEC_INVALID', shown.join('\n'), { details: { problems } });
}
