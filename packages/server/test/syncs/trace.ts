/** A system call that succeeded. `begun` and `ended` are lines of the trace: of two calls, one was over before the other only if it ended before that began. */
export interface Call {
  readonly name: string;
  readonly text: string;
  readonly begun: number;
  readonly ended: number;
}

/** Reads what `strace -f -y` wrote, in the order in which calls ended; calls that another thread's came into are in two pieces, put together here. */
export function callsOf(trace: string): Call[] {
  const unfinished = new Map<string, { text: string; begun: number }>();
  const calls: Call[] = [];
  for (const [line, whole] of trace.split('\n').entries()) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(whole) ?? [];
    const cut = /^(.*?)\s*<unfinished \.\.\.>$/.exec(rest);
    if (cut !== null) {
      unfinished.set(pid, { text: cut[1] as string, begun: line });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    const first = resumed === null ? { text: '', begun: line } : (unfinished.get(pid) ?? { text: '', begun: line });
    const text = `${first.text}${resumed?.[1] ?? rest}`;
    const name = /^(\w+)\(/.exec(text)?.[1];
    // Failed calls did nothing.
    if (name !== undefined && !/\)\s+= (?:-1 |\?)/.test(text)) calls.push({ name, text, begun: first.begun, ended: line });
  }
  return calls;
}

/** The path behind the descriptor that is the first argument (`-y`). */
export function descriptorPath({ text }: Call): string | undefined {
  return /^\w+\(\d+<([^>]*)>/.exec(text)?.[1];
}

/** Paths that are arguments, relative ones to the directory whose descriptor stands before. */
export function argumentPaths({ text }: Call): string[] {
  return [...text.matchAll(/(?:(AT_FDCWD|\d+)(?:<([^>]*)>)?, )?"((?:[^"\\]|\\.)*)"/g)].map(([, , directory = '', path = '']) =>
    path.startsWith('/') ? path : `${directory}/${path}`,
  );
}

/** The path that a call opened. */
export function openedPath({ text }: Call): string | undefined {
  return /=\s+\d+<([^>]*)>\s*$/.exec(text)?.[1];
}
