import { sha256Hex } from '@colophon/core';
import { statementTypes, type InTotoStatement } from '@colophon/attest';
import type { SignerClient } from '@colophon/sign';

export interface BuilderFacts {
  readonly id: string;
  readonly mode: string;
  readonly version: string;
  readonly protections: readonly { readonly name: string; readonly found: string; readonly state: string }[];
}

/** The builder's description as a signed statement: what it runs, how it isolates steps, which SLSA build level it claims and why. */
export async function describeBuilder(facts: BuilderFacts, signer: SignerClient): Promise<object> {
  const predicate = {
    id: facts.id,
    version: { colophon: facts.version, node: process.version, platform: `${process.platform}/${process.arch}` },
    isolation: facts.mode,
    protections: facts.protections,
    claim: {
      level: 'SLSA_BUILD_LEVEL_2',
      why: 'Provenance is made and signed by the control plane, in a process that no build step can reach; every step runs in a sandbox of its own without a network. Level 3 is not claimed: a step shares the kernel with the processes that hold the keys.',
    },
  };
  const statement: InTotoStatement = {
    _type: statementTypes.v1,
    subject: [{ name: facts.id, digest: { sha256: sha256Hex(facts.id) } }],
    predicateType: 'https://colophon.dev/builder-description/v1',
    predicate,
  };
  return { description: predicate, envelope: await signer.signStatement(statement) };
}
