import { readFile } from 'node:fs/promises';
import { killQuietly } from '../sandbox/process.ts';

/** Names one process for good: pids are used again, but not with the same start time (proc(5), /proc/PID/stat field 22). */
export interface ProcessMark {
  readonly pid: number;
  readonly started: string;
}

export async function processMark(pid: number): Promise<ProcessMark | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field is the program's name in parentheses, which may hold anything.
  const started = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return started === undefined ? undefined : { pid, started };
}

/** Kills the process that a file names, if it is still that one, and waits until it is gone. */
export async function killMarked(file: string): Promise<boolean> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const mark = text === undefined ? undefined : parse(text);
  if (mark === undefined) return false;
  for (let round = 0; round < 500; round += 1) {
    const now = await processMark(mark.pid);
    if (now?.started !== mark.started) return round > 0;
    killQuietly(mark.pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}

function parse(text: string): ProcessMark | undefined {
  try {
    const { pid, started } = JSON.parse(text) as ProcessMark;
    return Number.isSafeInteger(pid) && pid > 1 && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined;
  }
}
