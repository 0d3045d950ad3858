import { Disk } from './disk.ts';
import { callsOf, descriptorPath, type Call } from './trace.ts';

/** A request, and what must be on disk before its answer leaves. */
export interface Promised {
  readonly name: string;
  /** Files, below the data directory, none of whose content or names may be forgotten. */
  readonly concerns: RegExp;
  /** At least one of each must have been synced since the answer before: else nothing was seen, and nothing is shown. */
  readonly syncs: readonly RegExp[];
}

export interface Verdict {
  readonly name: string;
  /** None: everything that the answer promises was on disk when it left. */
  readonly problems: readonly string[];
  /** What was synced for it. */
  readonly synced: readonly string[];
}

/** Holds a trace of a server, which got these requests one after another, against what its answers promise. */
export function judge(trace: string, root: string, promised: readonly Promised[]): Verdict[] {
  const calls = callsOf(trace);
  const answers = calls.filter(isAnswer).toSorted((left, right) => left.begun - right.begun);
  if (answers.length !== promised.length) throw new Error(`${promised.length} requests, but ${answers.length} answers were seen`);
  const disk = new Disk(root);
  let next = 0;
  return promised.map(({ name, concerns, syncs }, at) => {
    const answer = answers[at] as Call;
    for (; next < calls.length && (calls[next] as Call).ended < answer.begun; next += 1) disk.see(calls[next] as Call);
    const synced = [...disk.takeSynced()];
    const missing = syncs.filter((pattern) => !synced.some((path) => pattern.test(path)));
    return {
      name,
      synced,
      problems: [
        ...disk.forgettable((path) => concerns.test(path)).map((what) => `${what} was not synced before the answer`),
        ...missing.map((pattern) => `nothing that matches ${pattern.source} was synced`),
      ],
    };
  });
}

function isAnswer(call: Call): boolean {
  return (
    /^(write|writev|sendto|sendmsg)$/.test(call.name) && /"HTTP\/1\.1 [23]/.test(call.text) && !(descriptorPath(call) ?? '').startsWith('/')
  );
}
