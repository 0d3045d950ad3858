import { canonicalJsonBytes, compareBytewise } from '@colophon/core';
import type { ResourceDescriptor } from '../statement/types.ts';
import type { BuildFacts, ClaimFacts, LogFacts, ResultFacts } from './facts.ts';

const hexLengths: Readonly<Record<string, number>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** What the run left besides images. Results and claims are marked as what they are: words of a step. */
export function byproducts({ results, claims, outcome }: BuildFacts, logs: readonly LogFacts[]): ResourceDescriptor[] {
  const all = [
    { name: 'outcome', annotations: { succeeded: outcome.succeeded, reason: outcome.reason } },
    ...results.map(result),
    ...claims.map(claim),
    ...logs.map(log),
  ];
  return all.sort((left, right) => compareBytewise(key(left), key(right)));
}

function key(descriptor: ResourceDescriptor): string {
  return `${descriptor.name}\u0000${canonicalJsonBytes(descriptor).toString()}`;
}

function result({ task, name, value }: ResultFacts): ResourceDescriptor {
  return {
    name: task === undefined ? `result/${name}` : `result/${task}/${name}`,
    content: canonicalJsonBytes(value).toString('base64'),
    mediaType: 'application/json',
    annotations: { claim: true },
  };
}

/** A digest that is not one stays text in an annotation: a step wrote it. */
function claim({ task, result: name, uri, digest, verdict, reason }: ClaimFacts): ResourceDescriptor {
  const [algorithm = '', hex = ''] = digest.split(':');
  const isDigest = hexLengths[algorithm] === hex.length && /^[0-9a-f]+$/.test(hex) && `${algorithm}:${hex}` === digest;
  return {
    name: task === undefined ? `claim/${name}` : `claim/${task}/${name}`,
    uri,
    ...(isDigest ? { digest: { [algorithm]: hex } } : {}),
    annotations: { claim: true, verdict, ...(isDigest ? {} : { digest }), ...(reason === undefined ? {} : { reason }) },
  };
}

function log({ task, step, sha256, size }: LogFacts): ResourceDescriptor {
  return { name: `log/${task}/${step}`, digest: { sha256 }, mediaType: 'text/plain', annotations: { size } };
}
