import { parseStatement, type InTotoStatement } from '@colophon/attest';
import { createRegistryClient, dockerCredentials, openLayout, parseReference } from '@colophon/oci';
import { bundleCandidate, collectCandidates, layoutSource, registrySource, type Candidate, type Report } from '@colophon/verify';
import type { Target } from './target.ts';

/**
 * The statements that were found, though none of it is proven: a person wants to see what was claimed, marked as what it is. What cannot be read is
 * left out; the report has its reason.
 */
export async function unverifiedStatements(target: Target, report: Report, bundles: readonly Uint8Array[]): Promise<InTotoStatement[]> {
  const candidates: Candidate[] = bundles.map((bytes, index) => bundleCandidate(bytes, `bundle ${index + 1}`));
  try {
    candidates.push(...(await beside(target, report.subject.digest)));
  } catch {
    // It was there a moment ago: what is missing now is only this talk.
  }
  const statements = new Map<string, InTotoStatement>();
  for (const candidate of candidates) {
    if ('problem' in candidate || candidate.content.kind !== 'dsse') continue;
    try {
      const { payload } = candidate.content.envelope;
      statements.set(payload, parseStatement(Buffer.from(payload, 'base64'), { allowChains2021: true }));
    } catch {
      // As above.
    }
  }
  return [...statements.values()];
}

async function beside(target: Target, digest: Report['subject']['digest']): Promise<readonly Candidate[]> {
  if ('reference' in target) {
    const { registry, repository } = parseReference(target.reference);
    return collectCandidates(registrySource(createRegistryClient({ registry, credentials: dockerCredentials() }), repository), digest);
  }
  const layout = await openLayout(target.layout.directory);
  try {
    return await collectCandidates(layoutSource(layout, target.layout.directory), digest);
  } finally {
    await layout.close();
  }
}
