import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '@colophon/runner';

/** A clock that others gave, and when we heard it: milliseconds since 1970. */
export interface HeardDate {
  readonly from: string;
  readonly said: number;
  readonly heard: number;
}

/** Reads the Date of an answer; HTTP's has whole seconds. */
export function heardDate(from: string, header: string | null): HeardDate[] {
  const said = Date.parse(header ?? '');
  return Number.isNaN(said) ? [] : [{ from, said, heard: Date.now() }];
}

/**
 * Signatures, Valid-Until and the log's timestamps are judged by this clock: it is held against those of the machines that were asked, and must not have gone
 * back behind what the data directory saw.
 */
export async function clockFinding(data: string, dates: readonly HeardDate[], now = Date.now()): Promise<Finding> {
  const name = 'clock';
  const time = `${new Date(now).toISOString().slice(0, 19)}Z`;
  const advice = 'Set the clock, for example with systemd-timesyncd or chrony.';
  const last = await stat(join(data, 'objects.sqlite-wal')).catch(() => stat(join(data, 'objects.sqlite')).catch(() => undefined));
  if (last !== undefined && last.mtimeMs > now + 60_000)
    return { name, state: 'missing', found: `${time}, earlier than the data directory’s last write`, advice };
  const skews = dates.map(({ from, said, heard }) => ({ from, seconds: Math.round((heard - said) / 1000) }));
  const worst = skews.toSorted((left, right) => Math.abs(right.seconds) - Math.abs(left.seconds))[0];
  if (worst === undefined) return { name, state: 'good', found: `${time}, held against nothing` };
  const found = `${time}, ${Math.abs(worst.seconds)} s ${worst.seconds < 0 ? 'behind' : 'ahead of'} ${worst.from}`;
  if (Math.abs(worst.seconds) > 3600) return { name, state: 'missing', found, advice };
  return Math.abs(worst.seconds) > 60 ? { name, state: 'limited', found, advice } : { name, state: 'good', found };
}
