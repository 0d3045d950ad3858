import type { Digest } from '@colophon/core';
import { createRegistryClient, dockerCredentials, formatReference, parseReference } from '@colophon/oci';
import type { AcceptedLevel } from '@colophon/rebuild';
import { enabled, text, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { expectationsOf, policyOf } from '../../trust/policy.ts';
import { trustOf } from '../../trust/trust.ts';
import { verifyTarget } from '../verify/verify.ts';
import { rebuildImage } from './rebuild.ts';
import { rebuildText } from './text.ts';

export const run: Handler = async (invocation) => {
  const { args, output, signal } = invocation;
  const { repository, digest } = await resolveImage(args[0] ?? '');
  const reference = `${repository}@${digest}`;
  const policy = await policyOf(invocation);
  const trust = await trustOf({ ...invocation, flags: { ...invocation.flags, data: undefined } }, policy, reference);
  const expect = expectationsOf(invocation, ['https://slsa.dev/provenance/v1']);
  const verifying = output.step('Verifying the provenance');
  const verification = await verifyTarget({ target: { reference }, trust, policy, expect });
  if (verification.verified) verifying.done(verification.report.reason);
  else verifying.failed(verification.report.reason);
  // Expectations are of the image itself; the step images come from wherever they come from.
  const { identity } = expect;
  const stepExpect = { predicateTypes: ['https://slsa.dev/provenance/v1'], ...(identity === undefined ? {} : { identity }) };
  const stepPolicy = { ...policy, expect: {} };
  const [data, archive, security] = ['data', 'mirror', 'securityMirror'].map((name) => text(invocation, name));
  const report = await rebuildImage({
    repository,
    digest,
    verification,
    verify: (image) => verifyTarget({ target: { reference: image }, trust, policy: stepPolicy, expect: stepExpect }),
    accept: (text(invocation, 'accept') ?? 'digest-identical') as AcceptedLevel,
    deep: enabled(invocation, 'deep'),
    keep: enabled(invocation, 'keep'),
    ...(data === undefined ? {} : { data }),
    mirrors: { ...(archive === undefined ? {} : { archive }), ...(security === undefined ? {} : { security }) },
    output,
    signal,
  });
  return { data: report, text: ({ theme }) => rebuildText(report, theme), exit: report.exit };
};

/** The digest is what is rebuilt; a tag only says where it points now. */
async function resolveImage(argument: string): Promise<{ repository: string; digest: Digest }> {
  const parsed = parseReference(argument);
  const repository = `${parsed.registry}/${parsed.repository}`;
  if (parsed.digest !== undefined) return { repository, digest: parsed.digest };
  const client = createRegistryClient({ registry: parsed.registry, credentials: dockerCredentials() });
  const found = await client.resolve(parsed.repository, parsed.tag ?? 'latest');
  if (found === undefined) throw cliErrors.error('CLI_NOT_FOUND', `there is no ${formatReference(parsed)}`);
  return { repository, digest: found.digest };
}
