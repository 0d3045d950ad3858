import type { TlogEntry } from '@colophon/sign';
import { failed } from '../report/checks.ts';
import type { TrustedLog } from '../trust/trusted-root.ts';

/** The trusted log that an entry says it is in. Throws VERIFY_CHECK_FAILED. */
export function findLog(entry: TlogEntry, logs: readonly TrustedLog[]): TrustedLog {
  const log = logs.find(({ logId }) => logId.equals(entry.logId));
  if (log !== undefined) return log;
  throw failed(
    logs.length === 0 ? 'no log is trusted: give a trusted root' : 'the entry is in a log that is not trusted',
    logs.map(({ logId }) => logId.toString('hex')),
    entry.logId.toString('hex'),
  );
}
