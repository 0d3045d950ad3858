import type { TlogEntry } from '@colophon/sign';
import { failed, type Checks } from '../report/checks.ts';
import { isValidAt, type TrustedLog } from '../trust/trusted-root.ts';
import { matchEntry, type Logged } from '../tlog/entry-body.ts';
import { verifyEntryTimestamp } from '../tlog/entry-timestamp.ts';
import { checkCheckpoint, checkInclusion } from '../tlog/inclusion.ts';
import { findLog } from '../tlog/log-key.ts';
import type { VerifiedEntry } from './signer.ts';

export interface LogChecksResult {
  readonly entries: VerifiedEntry[];
  /** Milliseconds since 1970. */
  readonly times: number[];
  /** Logs of entries that have no time of their own (Rekor v2). */
  readonly untimed: TrustedLog[];
}

/** Every entry that comes with a candidate is checked in full; one that is wrong refuses the candidate, whatever others say. */
export function checkEntries(
  checks: Checks,
  entries: readonly TlogEntry[],
  logged: Logged,
  logs: readonly TrustedLog[],
  transparency: 'proof' | 'entry' | 'none',
): LogChecksResult {
  const result: LogChecksResult = { entries: [], times: [], untimed: [] };
  if (entries.length === 0) {
    if (transparency === 'none') checks.skip('log-entry', 'there is no log entry, and the policy asks for none');
    else
      checks.run('log-entry', () => {
        throw failed('there is no log entry', 'a log entry', 'none');
      });
    return result;
  }
  if (transparency === 'none' && logs.length === 0) {
    checks.skip('log-entry', 'no log is trusted, and the policy asks for no entry');
    return result;
  }
  for (const entry of entries) checkEntry(checks, entry, logged, logs, transparency, result);
  return result;
}

function checkEntry(
  checks: Checks,
  entry: TlogEntry,
  logged: Logged,
  logs: readonly TrustedLog[],
  transparency: string,
  result: LogChecksResult,
): void {
  const log = checks.run('log-entry', () => {
    const log = findLog(entry, logs);
    matchEntry(entry, logged);
    return {
      value: log,
      message: `entry ${entry.logIndex} (${entry.kind} ${entry.version}) of ${log.baseUrl} is about this signature and key`,
      found: entry.logIndex,
    };
  });
  if (log === undefined) return;
  let time: number | undefined;
  if (entry.signedEntryTimestamp !== undefined) {
    time = checks.run('entry-timestamp', () => {
      const time = verifyEntryTimestamp(entry, log);
      return {
        value: time,
        message: `the log signed that it took the entry at ${new Date(time).toISOString()}`,
        found: new Date(time).toISOString(),
      };
    });
    if (time === undefined) return;
    result.times.push(time);
  } else {
    result.untimed.push(log);
  }
  const { inclusionProof: proof } = entry;
  if (proof === undefined) {
    if (transparency === 'proof')
      checks.run('inclusion', () => {
        throw failed('the entry has no inclusion proof', 'an inclusion proof', "the log's promise only");
      });
    else checks.skip('inclusion', "the entry has the log's signed promise instead of a proof");
    if (entry.signedEntryTimestamp === undefined)
      checks.run('inclusion', () => {
        throw failed('the entry has neither proof nor promise');
      });
  } else {
    const included = checks.run('inclusion', () => {
      checkInclusion(entry, proof);
      return { value: true, message: `leaf ${proof.logIndex} is in the tree of ${proof.treeSize}` };
    });
    const signed =
      included &&
      checks.run('checkpoint', () => {
        const { origin, size } = checkCheckpoint(proof, log);
        return { value: true, message: `the log signed the tree of ${size} as ${origin}` };
      });
    if (signed === undefined) return;
  }
  result.entries.push({
    logId: entry.logId.toString('hex'),
    logIndex: entry.logIndex,
    ...(time === undefined ? {} : { integratedTime: new Date(time).toISOString() }),
    included: proof !== undefined,
  });
}

/** An entry without a time of its own counts only if the trusted root has its log for a time that was proven, or always had it where no time is needed. */
export function checkLogPeriods(checks: Checks, { untimed }: LogChecksResult, times: readonly number[]): void {
  for (const { baseUrl, validity } of untimed) {
    const fits =
      times.length === 0 ? !Number.isNaN(validity.start) && validity.end === Infinity : times.some((time) => isValidAt(validity, time));
    if (!fits) {
      checks.run('log-entry', () => {
        throw failed(
          `the trusted root does not have the log ${baseUrl} for this time`,
          validity,
          times.map((time) => new Date(time).toISOString()),
        );
      });
    }
  }
}
