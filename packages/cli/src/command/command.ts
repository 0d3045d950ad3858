import type { Output } from '../output/output.ts';

/** An option of a command. Names are camelCase here and kebab-case on the command line. */
export type Flag =
  | { readonly kind: 'boolean'; readonly brief: string }
  | { readonly kind: 'text'; readonly brief: string; readonly placeholder?: string; readonly default?: string; readonly many?: boolean }
  | { readonly kind: 'number'; readonly brief: string; readonly placeholder?: string; readonly default?: number }
  | { readonly kind: 'choice'; readonly brief: string; readonly values: readonly string[]; readonly default?: string };

export interface Argument {
  readonly placeholder: string;
  readonly brief: string;
  readonly optional?: boolean;
}

export interface Example {
  /** Without the leading `colophon`. */
  readonly command: string;
  readonly brief: string;
}

/** What a handler is given. Flags that were not set and have no default are undefined. */
export interface Invocation {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly args: readonly string[];
  /** For progress and warnings, on standard error. */
  readonly output: Output;
  /** Aborts on SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** What a handler gives back. Data goes to standard output, as text or as JSON; nothing else does. */
export interface Result {
  readonly data: unknown;
  text(output: Output): string;
  /** Default 0. Anything not proven is not 0. */
  readonly exit?: number;
}

export type Handler = (invocation: Invocation) => Promise<Result>;

/** A command as data. The handler's module is loaded only when the command runs, so that help and completion stay fast. */
export interface Command {
  readonly brief: string;
  readonly description?: string;
  readonly examples: readonly Example[];
  /** Exit codes beyond the common ones (0 done, 1 error, 2 usage). */
  readonly exits?: Readonly<Record<number, string>>;
  readonly flags?: Readonly<Record<string, Flag>>;
  readonly args?: readonly Argument[];
  /** Short forms of options of its own: letter → name. They come before the common ones. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** The last argument may be given any number of times. */
  readonly variadic?: boolean;
  load(): Promise<{ readonly run: Handler }>;
}

export interface CommandGroup {
  readonly brief: string;
  readonly commands: Readonly<Record<string, Command | CommandGroup>>;
}

export function isGroup(entry: Command | CommandGroup): entry is CommandGroup {
  return 'commands' in entry;
}

export function text(invocation: Invocation, name: string): string | undefined {
  const value = invocation.flags[name];
  return typeof value === 'string' ? value : undefined;
}

export function many(invocation: Invocation, name: string): readonly string[] {
  const value = invocation.flags[name];
  return Array.isArray(value) ? value.map(String) : typeof value === 'string' ? [value] : [];
}

export function number(invocation: Invocation, name: string): number | undefined {
  const value = invocation.flags[name];
  return typeof value === 'number' ? value : undefined;
}

export function enabled(invocation: Invocation, name: string): boolean {
  return invocation.flags[name] === true;
}
