import type { Digest } from '@colophon/core';
import type { Descriptor, Manifest } from '@colophon/oci';
import { legacyMediaTypes, legacyTag } from '@colophon/sign';
import type { Candidate, CandidateSource } from './candidate.ts';
import type { ImageSource } from './image-source.ts';
import { bundleCandidate, legacyCandidate } from './read.ts';

/** Bounds for what a stranger may put beside an image. */
const limits = { candidates: 1000, bytes: 64 * 1024 * 1024, parallel: 8 };

/**
 * Everything that says something about an image: Sigstore bundles (OCI 1.1 referrers, their artifactType not believed) and cosign's older
 * `.sig` and `.att` tags. Both are always looked at, each blob is fetched once. What cannot be fetched or read is a candidate with
 * its reason; what is no signature at all (an SBOM, a scan) is none.
 */
export async function collectCandidates(source: ImageSource, digest: Digest): Promise<Candidate[]> {
  const blobs = new Map<Digest, Promise<Buffer>>();
  const fetchBlob = (descriptor: Descriptor) => {
    const known = blobs.get(descriptor.digest) ?? source.blob(descriptor, limits.bytes);
    blobs.set(descriptor.digest, known);
    return known;
  };
  const [referrers, signatures, attestations] = await Promise.all([
    source.referrers(digest),
    source.manifest(legacyTag(digest, 'sig')),
    source.manifest(legacyTag(digest, 'att')),
  ]);
  const seen = new Set<Digest>();
  const jobs: (() => Promise<Candidate[]>)[] = [];
  for (const descriptor of referrers) {
    if (seen.has(descriptor.digest)) continue;
    seen.add(descriptor.digest);
    jobs.push(() => fromReferrer(source, descriptor, digest, fetchBlob));
  }
  for (const [kind, found] of [
    ['legacy-signature', signatures],
    ['legacy-attestation', attestations],
  ] as const) {
    if (found?.parsed.kind !== 'manifest') continue;
    for (const layer of found.parsed.manifest.layers) {
      jobs.push(() => fromLayer(kind, layer, legacyTag(digest, kind === 'legacy-signature' ? 'sig' : 'att'), fetchBlob));
    }
  }
  const found = await inParallel(jobs.slice(0, limits.candidates));
  if (jobs.length <= limits.candidates) return found;
  const problem = `${jobs.length} things stand beside the image; only the first ${limits.candidates} were looked at`;
  return [...found, { source: { kind: 'bundle', where: source.name }, problem }];
}

async function fromReferrer(
  source: ImageSource,
  descriptor: Descriptor,
  digest: Digest,
  fetchBlob: (descriptor: Descriptor) => Promise<Buffer>,
): Promise<Candidate[]> {
  const where = descriptor.digest;
  let manifest: Manifest;
  try {
    const found = await source.open(descriptor);
    if (found?.parsed.kind !== 'manifest' || found.parsed.manifest.subject?.digest !== digest) return [];
    manifest = found.parsed.manifest;
  } catch (error) {
    return [broken({ kind: 'bundle', where, digest: descriptor.digest }, error)];
  }
  const results: Candidate[] = [];
  for (const layer of manifest.layers) {
    if (isBundle(layer.mediaType))
      results.push(
        await fetched(
          { kind: 'bundle', where, digest: layer.digest },
          () => fetchBlob(layer),
          (bytes) => bundleCandidate(bytes, where),
        ),
      );
    else if (layer.mediaType === legacyMediaTypes.simpleSigning)
      results.push(...(await fromLayer('legacy-signature', layer, where, fetchBlob)));
  }
  return results;
}

async function fromLayer(
  kind: 'legacy-signature' | 'legacy-attestation',
  layer: Descriptor,
  where: string,
  fetchBlob: (descriptor: Descriptor) => Promise<Buffer>,
): Promise<Candidate[]> {
  const expected = kind === 'legacy-signature' ? legacyMediaTypes.simpleSigning : legacyMediaTypes.envelope;
  if (layer.mediaType !== expected) return [];
  const { digest } = layer;
  return [
    await fetched(
      { kind, where, digest },
      () => fetchBlob(layer),
      (bytes) => legacyCandidate({ kind, where, digest, bytes, annotations: layer.annotations ?? {} }),
    ),
  ];
}

async function fetched(source: CandidateSource, fetch: () => Promise<Buffer>, read: (bytes: Buffer) => Candidate): Promise<Candidate> {
  try {
    return read(await fetch());
  } catch (error) {
    return broken(source, error);
  }
}

function broken(source: CandidateSource, error: unknown): Candidate {
  return { source, problem: error instanceof Error ? error.message : String(error) };
}

function isBundle(mediaType: string): boolean {
  return mediaType.startsWith('application/vnd.dev.sigstore.bundle');
}

async function inParallel(jobs: readonly (() => Promise<Candidate[]>)[]): Promise<Candidate[]> {
  const results: Candidate[][] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < jobs.length; at = next++) results[at] = await (jobs[at] as () => Promise<Candidate[]>)();
  };
  await Promise.all(Array.from({ length: limits.parallel }, work));
  return results.flat();
}
