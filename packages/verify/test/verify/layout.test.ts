import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '@colophon/core';
import { mediaTypes } from '@colophon/oci';
import {
  bundleManifest,
  legacyAttestationLayer,
  legacyManifest,
  legacySignatureLayer,
  legacyTag,
  simpleSigningPayload,
  type BuiltManifest,
} from '@colophon/sign';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy, requireVerified, verifyImage, type VerifyImageOptions } from '../../src/index.ts';
import { bundleFor, logEnvelope, newKey, openWorld, sealEnvelope, statementFor, tlogEntry, writeImage, type World } from '../fixture.ts';

describe('an image layout, with no network', () => {
  let world: World;
  let directory: string;
  let trust: VerifyImageOptions['trust'];
  let digest: `sha256:${string}`;

  beforeAll(async () => {
    world = await openWorld();
    trust = { keys: [world.keyPem], trustedRoots: [world.trustedRoot] };
    directory = join(world.directory, 'layout');
    const { layout, image } = await writeImage(directory);
    digest = image.digest as typeof digest;
    const put = async ({ manifest, blobs }: BuiltManifest, name?: string) => {
      for (const { bytes, descriptor } of [...blobs, manifest]) await layout.putBlob(bytes, descriptor.mediaType);
      await layout.addManifest({ ...manifest.descriptor, mediaType: mediaTypes.manifest }, name);
    };
    const envelope = sealEnvelope(world.key, statementFor(digest));
    const entry = await logEnvelope(world.log, envelope, world.keyPem);
    const subject = { mediaType: image.mediaType, digest: image.digest, size: image.size };
    await put(
      bundleManifest(subject, Buffer.from(JSON.stringify(bundleFor(envelope, entry))), { predicateType: 'https://slsa.dev/provenance/v1' }),
    );

    const stranger = await newKey();
    const foreign = sealEnvelope(stranger.key, statementFor(digest));
    const foreignEntry = await logEnvelope(world.log, foreign, stranger.pem);
    await put(
      bundleManifest(subject, Buffer.from(JSON.stringify(bundleFor(foreign, foreignEntry))), {
        predicateType: 'https://slsa.dev/provenance/v1',
      }),
    );
    await put(bundleManifest(subject, Buffer.from('{"not":"a bundle"}')));

    const rekorBundle = {
      signedEntryTimestamp: (entry.signedEntryTimestamp as Buffer).toString('base64'),
      payload: {
        body: entry.canonicalizedBody.toString('base64'),
        integratedTime: entry.integratedTime,
        logID: entry.logId.toString('hex'),
        logIndex: entry.logIndex,
      },
    };
    await put(
      legacyManifest([], [legacyAttestationLayer(envelope, 'https://slsa.dev/provenance/v1', { rekorBundle })]),
      legacyTag(digest, 'att'),
    );

    const payload = simpleSigningPayload({ reference: 'x', digest, optional: null });
    const signature = world.key.sign(payload).toString('base64');
    const spec = {
      data: { hash: { algorithm: 'sha256', value: digestOf(payload).slice(7) } },
      signature: { content: signature, publicKey: { content: Buffer.from(world.keyPem).toString('base64') } },
    };
    const signed = tlogEntry((await world.log.append({ apiVersion: '0.0.1', kind: 'hashedrekord', spec })).entry, 'hashedrekord', '0.0.1');
    const signedBundle = {
      signedEntryTimestamp: (signed.signedEntryTimestamp as Buffer).toString('base64'),
      payload: {
        body: signed.canonicalizedBody.toString('base64'),
        integratedTime: signed.integratedTime,
        logID: signed.logId.toString('hex'),
        logIndex: signed.logIndex,
      },
    };
    const layers = [
      legacySignatureLayer(payload, signature, { rekorBundle: signedBundle }),
      legacySignatureLayer(payload, Buffer.from('junk').toString('base64')),
    ];
    await put(legacyManifest([], layers), legacyTag(digest, 'sig'));
  });

  afterAll(() => world.close());

  const verify = (options: Partial<VerifyImageOptions> = {}) =>
    verifyImage({
      layout: { directory },
      trust,
      offline: true,
      registry: { fetch: () => Promise.reject(new Error('the network was used')) },
      ...options,
    });

  it('every candidate has its reason; only what passed is listed', async () => {
    const report = await verify();
    expect(report.verdict).toBe('passed');
    expect(report.subject.digest).toBe(digest);
    const outcomes = report.candidates
      .map(({ source, reason }) => `${source.kind}: ${reason.split(':')[0]}`)
      .toSorted((a, b) => (a < b ? -1 : 1));
    expect(outcomes).toEqual([
      'bundle: every check passed',
      'bundle: format',
      'bundle: signature',
      'legacy-attestation: every check passed',
      'legacy-signature: every check passed',
      'legacy-signature: signature',
    ]);
    expect(report.passed).toHaveLength(3);
    for (const candidate of report.candidates) if (candidate.verdict === 'failed') expect(candidate.statement).toBeUndefined();
  });

  it('by name and by digest', async () => {
    for (const image of ['latest', digest]) expect((await verify({ layout: { directory, image } })).verdict).toBe('passed');
    await expect(verify({ layout: { directory, image: 'other' } })).rejects.toMatchObject({ code: 'VERIFY_SUBJECT_UNKNOWN' });
  });

  it('expectations leave only what fulfils them', async () => {
    const { passed } = await verify({ expect: { predicateTypes: ['https://slsa.dev/provenance/v1'] } });
    expect(passed.map(({ source }) => source.kind).toSorted((a, b) => (a < b ? -1 : 1))).toEqual(['bundle', 'legacy-attestation']);
    expect(await verify({ expect: { builderId: 'https://else.example' } })).toMatchObject({ verdict: 'failed', passed: [] });
  });

  it('a promise alone is not enough where the policy wants the proof', async () => {
    const { passed } = await verify({ policy: { ...defaultPolicy, require: { transparency: 'proof', timestamp: false } } });
    expect(passed.map(({ source }) => source.kind)).toEqual(['bundle']);
  });

  it('a threshold counts signers, not signatures', async () => {
    expect(await verify({ policy: { ...defaultPolicy, threshold: 2 } })).toMatchObject({
      verdict: 'failed',
      reason: '1 signers passed, the policy wants 2',
    });
  });

  it('nothing found is not a success', async () => {
    const empty = join(world.directory, 'empty');
    await writeImage(empty);
    const report = await verify({ layout: { directory: empty } });
    expect(report).toMatchObject({ verdict: 'failed', reason: 'no signature or attestation was found', candidates: [] });
    await expect(requireVerified({ layout: { directory: empty }, trust })).rejects.toMatchObject({ code: 'VERIFY_FAILED' });
  });

  it('a bundle from a file stands for one beside the image', async () => {
    const alone = join(world.directory, 'alone');
    const { image } = await writeImage(alone);
    const envelope = sealEnvelope(world.key, statementFor(image.digest));
    const bundle = Buffer.from(JSON.stringify(bundleFor(envelope, await logEnvelope(world.log, envelope, world.keyPem))));
    expect((await verify({ layout: { directory: alone }, bundles: [bundle] })).verdict).toBe('passed');
  });

  it('offline refuses a registry; a changed blob is refused', async () => {
    await expect(verifyImage({ reference: '127.0.0.1:1/x:y', trust, offline: true })).rejects.toMatchObject({
      code: 'VERIFY_SUBJECT_UNKNOWN',
    });
    await writeFile(join(directory, 'blobs', 'sha256', digest.slice(7)), '{}');
    await expect(verify({ layout: { directory, image: digest } })).rejects.toMatchObject({ code: 'OCI_CONTENT_MISMATCH' });
  });
});
