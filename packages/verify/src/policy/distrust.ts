import { failed } from '../report/checks.ts';
import type { DistrustRule } from './policy.ts';
import type { VerifiedEntry, VerifiedSigner } from '../verify/signer.ts';

/**
 * "Key K not after log index N": a key that was stolen is good for what it signed before, which only the log can tell. A candidate without
 * a verified entry in the log (or time) that the rule names is therefore refused. Throws VERIFY_CHECK_FAILED.
 */
export function checkDistrust(
  rules: readonly DistrustRule[],
  signers: readonly VerifiedSigner[],
  entries: readonly VerifiedEntry[],
  times: readonly number[],
): number {
  const applying = rules.filter((rule) => signers.some((signer) => appliesTo(rule, signer)));
  for (const rule of applying) {
    const reason = rule.reason === undefined ? '' : `: ${rule.reason}`;
    const { notAfterLogIndex, notAfter, log } = rule;
    if (notAfterLogIndex === undefined && notAfter === undefined)
      throw failed(`the signer is not trusted${reason}`, undefined, rule.key ?? rule.identity);
    if (notAfterLogIndex !== undefined) {
      const found = entries.filter((entry) => log === undefined || entry.logId === log);
      const message = `the signer is trusted up to log index ${notAfterLogIndex} only${reason}`;
      if (found.length === 0 || found.some(({ logIndex }) => logIndex > notAfterLogIndex)) {
        throw failed(
          message,
          notAfterLogIndex,
          found.length === 0 ? 'no verified entry in that log' : found.map(({ logIndex }) => logIndex),
        );
      }
    }
    if (notAfter !== undefined && (times.length === 0 || times.some((time) => time > Date.parse(notAfter)))) {
      throw failed(
        `the signer is trusted up to ${notAfter} only${reason}`,
        notAfter,
        times.map((time) => new Date(time).toISOString()),
      );
    }
  }
  return applying.length;
}

function appliesTo({ key, identity }: DistrustRule, signer: VerifiedSigner): boolean {
  if (key !== undefined) return key === `sha256:${signer.keySha256}`;
  return signer.kind === 'certificate' && signer.subjects.includes(identity as string);
}
