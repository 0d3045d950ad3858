import { verify } from 'node:crypto';
import { timestampBytes } from '@colophon/log';
import type { TlogEntry } from '@colophon/sign';
import { failed } from '../report/checks.ts';
import { isValidAt, type TrustedLog } from '../trust/trusted-root.ts';

/** Verifies the log's promise (SET) over body, time, log and index; gives the time in milliseconds. Throws VERIFY_CHECK_FAILED. */
export function verifyEntryTimestamp(entry: TlogEntry, log: TrustedLog): number {
  const { canonicalizedBody, integratedTime, logId, logIndex, signedEntryTimestamp } = entry;
  if (signedEntryTimestamp === undefined) throw failed('the entry has no signed timestamp of the log');
  const bytes = timestampBytes({ body: canonicalizedBody.toString('base64'), integratedTime, logID: logId.toString('hex'), logIndex });
  if (!verify(log.key.asymmetricKeyType === 'ed25519' ? null : 'sha256', bytes, log.key, signedEntryTimestamp)) {
    throw failed("the log's signature over time, index and body of the entry does not verify");
  }
  if (integratedTime === 0) throw failed('the entry has no time');
  const time = integratedTime * 1000;
  if (!isValidAt(log.validity, time)) {
    throw failed('the trusted root does not have the log for this time', log.validity, new Date(time).toISOString());
  }
  return time;
}
