import { isDigest } from '@colophon/core';
import type { ClaimRecord, ProducedImage, ResultRecord } from './build-record.ts';

/**
 * What steps say in type-hinting results (Tekton Chains: docs/config.md, "Type Hinting"), judged by what the control plane
 * saw with its own eyes. The attacker writes the results: a digest that this run did not produce, or produced elsewhere, is
 * refused; what is said of inputs is noted and vouched for by nobody.
 */
export function judgeClaims(results: readonly ResultRecord[], produced: readonly ProducedImage[]): ClaimRecord[] {
  const texts = new Map(results.flatMap(({ name, value }) => (typeof value === 'string' ? [[name, value.trim()] as const] : [])));
  const claims: ClaimRecord[] = [];
  for (const { name, value, task } of results) {
    const from = { ...(task === undefined ? {} : { task }), result: name };
    if (typeof value === 'object' && !Array.isArray(value)) {
      const { uri, digest } = value as Record<string, string>;
      if (uri === undefined || digest === undefined) continue;
      if (name.endsWith('ARTIFACT_OUTPUTS')) claims.push(judge({ ...from, uri: uri.trim(), digest: digest.trim() }, produced));
      if (name.endsWith('ARTIFACT_INPUTS')) claims.push({ ...from, uri: uri.trim(), digest: digest.trim(), verdict: 'noted' });
      continue;
    }
    if (typeof value !== 'string') continue;
    const text = value.trim();
    if (name === 'IMAGES') {
      for (const image of text
        .split(/[,\n]/)
        .map((part) => part.trim())
        .filter((part) => part !== '')) {
        const at = image.lastIndexOf('@');
        const pair = at === -1 ? { uri: image, digest: '' } : { uri: image.slice(0, at), digest: image.slice(at + 1) };
        claims.push(judge({ ...from, ...pair }, produced));
      }
    } else if (name.endsWith('IMAGE_URL') || name.endsWith('ARTIFACT_URI')) {
      const digest = texts.get(name.replace(/IMAGE_URL$/, 'IMAGE_DIGEST').replace(/ARTIFACT_URI$/, 'ARTIFACT_DIGEST'));
      if (digest !== undefined) claims.push(judge({ ...from, uri: text, digest }, produced));
    } else if (name === 'CHAINS-GIT_URL') {
      claims.push({ ...from, uri: text, digest: texts.get('CHAINS-GIT_COMMIT') ?? '', verdict: 'noted' });
    }
  }
  return claims;
}

function judge(claim: Omit<ClaimRecord, 'verdict'>, produced: readonly ProducedImage[]): ClaimRecord {
  const refuse = (reason: string): ClaimRecord => ({ ...claim, verdict: 'refused', reason });
  if (!isDigest(claim.digest)) return refuse('it names no digest');
  const same = produced.filter(({ digest }) => digest === claim.digest);
  if (same.length === 0) return refuse('this run did not produce that digest');
  const repository = repositoryOf(claim.uri);
  if (same.some((image) => image.repository === repository)) return { ...claim, verdict: 'accepted' };
  return refuse(`this run produced that digest as ${same[0]?.repository ?? ''}, not as ${repository}`);
}

/** `oci://HOST:PORT/PATH:TAG@sha256:…` → `HOST:PORT/PATH`. */
function repositoryOf(uri: string): string {
  const bare = uri.replace(/^(?:oci|docker):\/\//, '').replace(/@.*$/, '');
  const slash = bare.lastIndexOf('/');
  const colon = bare.lastIndexOf(':');
  return colon > slash ? bare.slice(0, colon) : bare;
}
