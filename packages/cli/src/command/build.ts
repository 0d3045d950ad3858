import { buildApplication, buildCommand, buildRouteMap, type Application, type CommandContext, type RouteMap } from '@stricli/core';
import { errorCode, isColophonError, toErrorRecord } from '@colophon/core';
import { createOutput } from '../output/output.ts';
import { isGroup, type Argument, type Command, type CommandGroup, type Flag, type Result } from './command.ts';

/** Options that every command has. */
export const common: Readonly<Record<string, Flag>> = {
  output: { kind: 'choice', values: ['text', 'json'], default: 'text', brief: 'How results are printed on standard output' },
  progress: {
    kind: 'choice',
    values: ['auto', 'tty', 'plain', 'quiet'],
    default: 'auto',
    brief: 'How progress is shown on standard error',
  },
};

export const commonExits: Readonly<Record<number, string>> = { 0: 'done', 1: 'error', 2: 'wrong usage' };

/** Turns our commands-as-data into the parser's form. */
export function buildApp(root: CommandGroup, version: string): Application<CommandContext> {
  return buildApplication(routes(root), {
    name: 'colophon',
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    documentation: {
      caseStyle: 'convert-camel-to-kebab',
      useAliasInUsageLine: true,
      disableAnsiColor: true,
      onlyRequiredInUsageLine: true,
    },
    determineExitCode: (error) => (isColophonError(error) ? error.exit : 1),
  });
}

function routes(group: CommandGroup): RouteMap<CommandContext> {
  const entries = Object.entries(group.commands).map(([name, entry]) => [name, isGroup(entry) ? routes(entry) : command(entry)] as const);
  return buildRouteMap<string>({ routes: Object.fromEntries(entries), docs: { brief: group.brief } });
}

function command(spec: Command) {
  const flags = { ...spec.flags, ...common };
  const names = Object.fromEntries(Object.entries(flags).map(([name, flag]) => [name, parameter(flag)]));
  const positional = (spec.args ?? []).map((argument) => argumentParameter(argument));
  const last = positional.at(-1);
  return buildCommand<never, string[]>({
    docs: { brief: spec.brief, fullDescription: fullDescription(spec) },
    parameters: {
      flags: names,
      aliases: { ...aliasesOf(flags), ...spec.aliases },
      positional:
        spec.variadic === true && last !== undefined
          ? { kind: 'array', parameter: last, minimum: last.optional ? 0 : 1 }
          : { kind: 'tuple', parameters: positional },
    } as never,
    loader: async () => {
      const { run } = await spec.load();
      return async (values: Readonly<Record<string, unknown>>, ...args: string[]) => execute(run, values, args);
    },
  });
}

/** One letter each, the same everywhere: -o how it is printed, -f the file or to follow, -n the namespace. */
function aliasesOf(flags: Readonly<Record<string, Flag>>): Record<string, string> {
  const letters: readonly [string, string][] = [
    ['o', 'output'],
    ['f', 'file'],
    ['f', 'follow'],
    ['n', 'namespace'],
  ];
  return Object.fromEntries(letters.filter(([, name]) => Object.hasOwn(flags, name)));
}

async function execute(
  run: (invocation: never) => Promise<Result>,
  flags: Readonly<Record<string, unknown>>,
  args: readonly string[],
): Promise<void> {
  const output = createOutput({ progress: typeof flags['progress'] === 'string' ? flags['progress'] : 'auto' });
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort(new Error(signal)));
  try {
    const result = await run({ flags, args: args.filter((arg) => arg !== undefined), output, signal: controller.signal } as never);
    output.end();
    const printed = flags['output'] === 'json' ? `${JSON.stringify(result.data, null, 2)}\n` : result.text(output);
    await write(printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`);
    process.exitCode = result.exit ?? 0;
  } catch (error) {
    output.end();
    process.exitCode = await report(error, flags['output'] === 'json', controller.signal.aborted, output);
  }
}

async function report(error: unknown, json: boolean, cancelled: boolean, output: ReturnType<typeof createOutput>): Promise<number> {
  const record = toErrorRecord(error);
  if (cancelled) {
    output.warn('cancelled');
    return 130;
  }
  if (json) await write(`${JSON.stringify({ error: record }, null, 2)}\n`);
  output.error(record);
  if (process.env['COLOPHON_DEBUG'] !== undefined && error instanceof Error) output.note(error.stack ?? '');
  return record.exit ?? 1;
}

/** Waits until the text is out: a pipe may be slower than the exit of the process. A reader that has gone (EPIPE) is not an error. */
function write(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) =>
      error === null || error === undefined || errorCode(error) === 'EPIPE' ? resolve() : reject(error),
    );
  });
}

function parameter(flag: Flag): object {
  switch (flag.kind) {
    case 'boolean':
      return { kind: 'boolean', brief: flag.brief, optional: true, withNegated: false };
    case 'choice':
      return {
        kind: 'enum',
        values: flag.values,
        brief: flag.brief,
        ...(flag.default === undefined ? { optional: true } : { default: flag.default }),
      };
    case 'number':
      return {
        kind: 'parsed',
        parse: parseNumber,
        placeholder: flag.placeholder ?? 'N',
        brief: flag.brief,
        ...(flag.default === undefined ? { optional: true } : { default: String(flag.default) }),
      };
    case 'text':
      return {
        kind: 'parsed',
        parse: String,
        placeholder: flag.placeholder ?? 'TEXT',
        brief: flag.brief,
        ...(flag.default === undefined ? { optional: true } : { default: flag.default }),
        ...(flag.many === true ? { variadic: true } : {}),
      };
  }
}

function parseNumber(input: string): number {
  const value = Number(input);
  if (input.trim() === '' || !Number.isFinite(value)) throw new TypeError(`${JSON.stringify(input)} is not a number`);
  return value;
}

function argumentParameter({ placeholder, brief, optional }: Argument) {
  return { parse: String, placeholder, brief, optional: optional ?? false };
}

function fullDescription(spec: Command): string {
  const exits = { ...commonExits, ...spec.exits };
  const examples = spec.examples.map(({ command: line, brief }) => `  # ${brief}\n  $ colophon ${line}`).join('\n');
  const codes = Object.entries(exits).map(([code, meaning]) => `  ${code.padStart(3)}  ${meaning}`);
  return [spec.description ?? spec.brief, `EXAMPLES\n${examples}`, `EXIT CODES\n${codes.join('\n')}`].join('\n\n');
}
