import { readFile } from 'node:fs/promises';
import { enabled, many, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { expectationsOf, policyOf } from '../../trust/policy.ts';
import { trustOf } from '../../trust/trust.ts';
import { targetOf } from './target.ts';
import { verificationText } from './text.ts';
import { predicateTypeOf } from './types.ts';
import { verifyTarget } from './verify.ts';

export const run: Handler = async (invocation) => {
  const [image = ''] = invocation.args;
  const types = many(invocation, 'type').map(predicateTypeOf);
  const target = await targetOf(image);
  const policy = await policyOf(invocation);
  const expect = expectationsOf(invocation, types.length === 0 ? undefined : types);
  const bundles = await Promise.all(many(invocation, 'bundle').map(readBundle));
  const trust = await trustOf(invocation, policy, 'reference' in target ? target.reference : undefined);
  const verification = await verifyTarget({ target, trust, policy, expect, bundles, offline: enabled(invocation, 'offline') });
  const { report, anchors, says, verified } = verification;
  return {
    data: { ...report, trust: anchors, [verified ? 'says' : 'unverified']: says },
    text: ({ theme }) => verificationText(verification, theme, enabled(invocation, 'packages')),
    exit: verification.exit,
  };
};

async function readBundle(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}
