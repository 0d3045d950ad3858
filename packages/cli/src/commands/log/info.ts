import type { Checkpoint } from '@colophon/log';
import type { Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { printable } from '../../output/table.ts';
import { proveCheckpoint } from '../../transparency/prove.ts';
import { openRekor } from '../../transparency/rekor.ts';
import { keyText, logFacts } from '../../transparency/report.ts';

export const run: Handler = async (invocation) => {
  const rekor = await openRekor(invocation);
  const { signedTreeHead, treeSize, rootHash, treeID } = await rekor.info();
  if (typeof signedTreeHead !== 'string') throw cliErrors.error('CLI_LOG_ANSWER', 'the log gave no signed tree head');
  let checkpoint: Checkpoint;
  try {
    checkpoint = proveCheckpoint(signedTreeHead, rekor.key);
  } catch (cause) {
    throw cliErrors.error('CLI_LOG_UNPROVEN', `the tree head is not proven: ${(cause as Error).message}`, { cause });
  }
  const found = { origin: checkpoint.origin, treeSize: checkpoint.size, rootHash: checkpoint.rootHash.toString('hex') };
  if (treeSize !== found.treeSize || rootHash !== found.rootHash) {
    throw cliErrors.error('CLI_LOG_UNPROVEN', 'the log says another tree than its checkpoint', {
      details: { expected: found, found: { treeSize, rootHash } },
    });
  }
  return {
    data: { log: logFacts(rekor), ...found, treeID, checkpoint: signedTreeHead },
    text: ({ theme }) =>
      [
        `${theme.marks.passed} ${theme.bold(printable(found.origin))}`,
        `  entries  ${found.treeSize}`,
        `  root     ${found.rootHash}`,
        `  ${theme.marks.passed} checkpoint: signed by the log`,
        keyText(rekor, theme),
      ].join('\n'),
  };
};
