import { packageUrl, predicateTypes, statementTypes, type InTotoStatement } from '@colophon/attest';
import type { BootstrapRecord } from './step-images.ts';

/** Images that the control plane assembles by itself, outside a sandbox: the step images. Its page is docs/formats/buildtype-image-v1.md. */
export const imageBuildType = 'https://colophon.dev/buildtypes/image/v1';

/** Provenance of a step image. The builder is the control plane itself, which is what is to be trusted here: no isolation is claimed. */
export function stepImageStatement({ bootstrap }: BootstrapRecord, publicUrl: string, version: string): InTotoStatement {
  const { lock, chain, files } = bootstrap;
  const signedBy = (suite: string) => chain.suites.find((candidate) => candidate.suite === suite);
  return {
    _type: statementTypes.v1,
    predicateType: predicateTypes.slsaV1,
    subject: [{ name: bootstrap.repository, digest: { sha256: bootstrap.digest.slice('sha256:'.length) } }],
    predicate: {
      buildDefinition: {
        buildType: imageBuildType,
        externalParameters: { spec: bootstrap.spec, lock },
        internalParameters: { encoder: bootstrap.encoder },
        resolvedDependencies: [
          ...lock.packages.map((entry) => ({
            uri: packageUrl(entry),
            digest: { sha256: entry.sha256 },
            annotations: {
              suite: entry.suite,
              inRelease: signedBy(entry.suite)?.inRelease ?? '',
              signedBy: chain.packages[entry.name] === 'lock' ? [] : (signedBy(entry.suite)?.signedBy ?? []),
            },
          })),
          ...files.map(({ path, sha256 }) => ({ name: path, digest: { sha256 } })),
        ],
      },
      runDetails: {
        builder: { id: `${publicUrl}/builders/control-plane`, version: { colophon: version, node: bootstrap.node } },
        metadata: { invocationId: `bootstrap-${bootstrap.name}`, startedOn: bootstrap.startedAt, finishedOn: bootstrap.finishedAt },
      },
    },
  };
}
