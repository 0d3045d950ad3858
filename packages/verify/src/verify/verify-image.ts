import { isDigest, type Digest } from '@colophon/core';
import { createRegistryClient, formatReference, openLayout, parseReference, type FindCredentials } from '@colophon/oci';
import { collectCandidates } from '../candidate/collect.ts';
import { layoutSource, registrySource, type ImageSource } from '../candidate/image-source.ts';
import { bundleCandidate } from '../candidate/read.ts';
import { verifyErrors } from '../errors.ts';
import type { Expectations } from '../policy/expectations.ts';
import { defaultPolicy, type Policy } from '../policy/policy.ts';
import { reportOf, type Report } from '../report/report.ts';
import { loadTrust, type TrustOptions } from '../trust/trust.ts';
import { verifyCandidate } from './verify-candidate.ts';

export interface VerifyImageOptions {
  /** In a registry: by tag or digest. */
  readonly reference?: string;
  /** In an image layout: its folder, and which image in it: a digest or a reference name; not needed if it holds one. */
  readonly layout?: string | { readonly directory: string; readonly image?: string };
  /** Bundles from files, beside what is found. */
  readonly bundles?: readonly Uint8Array[];
  readonly trust: TrustOptions;
  /** Goes before the policy's own expectations. */
  readonly expect?: Expectations;
  readonly policy?: Policy;
  /** Refuses to open any connection. */
  readonly offline?: boolean;
  readonly registry?: { readonly credentials?: FindCredentials; readonly insecure?: boolean; readonly fetch?: typeof fetch };
}

/**
 * Verifies an image by everything that was said about it, and says of each whether and why. Trust comes from the options alone; nothing is fetched but
 * the image's manifest and what stands beside it. Passing means: as many signers as the policy wants were proven, with everything that
 * was asked for. Throws VERIFY_SUBJECT_UNKNOWN, VERIFY_TRUST_INVALID, and what a registry or layout throws.
 */
export async function verifyImage(options: VerifyImageOptions): Promise<Report> {
  const trust = loadTrust(options.trust);
  const base = options.policy ?? defaultPolicy;
  const policy: Policy = { ...base, expect: { ...base.expect, ...options.expect } };
  const { source, image, close } = await openSource(options);
  try {
    const found = await source.manifest(image);
    if (found === undefined) throw verifyErrors.error('VERIFY_SUBJECT_UNKNOWN', `${source.name} has no ${image}`);
    const { digest } = found.descriptor;
    const given = (options.bundles ?? []).map((bytes, index) => bundleCandidate(bytes, `bundle ${index + 1}`));
    const candidates = [...given, ...(await collectCandidates(source, digest))];
    const reports = candidates.map((candidate) => verifyCandidate(candidate, { digest, bytes: found.bytes }, trust, policy));
    return reportOf({ reference: `${source.name}${isDigest(image) ? '@' : ':'}${image}`, digest }, reports, policy.threshold);
  } finally {
    await close();
  }
}

/** The report, or VERIFY_FAILED with it in the details: for callers that go on only with a proven image. */
export async function requireVerified(options: VerifyImageOptions): Promise<Report> {
  const report = await verifyImage(options);
  if (report.verdict === 'passed') return report;
  throw verifyErrors.error('VERIFY_FAILED', `${report.subject.reference}: ${report.reason}`, { details: { report } });
}

async function openSource(options: VerifyImageOptions): Promise<{ source: ImageSource; image: string; close: () => Promise<void> }> {
  const { reference, layout, offline = false, registry = {} } = options;
  if ((reference === undefined) === (layout === undefined)) {
    throw verifyErrors.error('VERIFY_SUBJECT_UNKNOWN', 'name an image, or a layout, and not both', { exit: 2 });
  }
  if (layout !== undefined) {
    const { directory, image: named } = typeof layout === 'string' ? { directory: layout, image: undefined } : layout;
    const opened = await openLayout(directory);
    const close = () => opened.close();
    try {
      const image = named ?? (await onlyImage(opened));
      return { source: layoutSource(opened, directory), image, close };
    } catch (error) {
      await close();
      throw error;
    }
  }
  const parsed = parseReference(reference as string);
  if (offline) {
    throw verifyErrors.error('VERIFY_SUBJECT_UNKNOWN', `offline, and ${formatReference(parsed)} is in a registry`, {
      hint: 'Copy the image with its referrers into an image layout, and verify that.',
      exit: 2,
    });
  }
  const client = createRegistryClient({ registry: parsed.registry, ...registry });
  return { source: registrySource(client, parsed.repository), image: parsed.digest ?? parsed.tag ?? 'latest', close: async () => {} };
}

/** The one entry of a layout that is an image: not a referrer, not one of cosign's tags. */
async function onlyImage(layout: Awaited<ReturnType<typeof openLayout>>): Promise<Digest> {
  const images: Digest[] = [];
  for (const entry of (await layout.index()).manifests) {
    if (/^sha256-[0-9a-f]{64}(?:\.(?:sig|att|sbom))?$/.test(entry.annotations?.['org.opencontainers.image.ref.name'] ?? '')) continue;
    const parsed = await layout.manifest(entry);
    const subject = parsed.kind === 'manifest' ? parsed.manifest.subject : parsed.index.subject;
    if (subject === undefined || subject === null) images.push(entry.digest);
  }
  const [image] = new Set(images);
  if (image === undefined || new Set(images).size > 1) {
    throw verifyErrors.error('VERIFY_SUBJECT_UNKNOWN', `the layout holds ${new Set(images).size} images`, {
      hint: 'Say which, by digest or by name.',
    });
  }
  return image;
}
