import { parseJson } from '@colophon/core';
import { checkEnvelope } from '../dsse/envelope.ts';
import { bundleInvalid, Message } from './reader.ts';
import { bundleMediaTypes, type Bundle, type BundleContent, type BundleKey, type BundleVersion, type TlogEntry } from './types.ts';

const limits = { entries: 32, timestamps: 32, chain: 10, hashes: 64 };

/**
 * Reads a Sigstore bundle, v0.1 to v0.3, that a stranger wrote. Shape only: nothing is verified. Refused besides broken encodings: unknown members, both or
 * no content, a DSSE envelope with more or less than one signature, a v0.3 bundle with a certificate chain, an entry without the promise (v0.1) or
 * the proof with checkpoint (later) that its version demands. Throws SIGN_BUNDLE_INVALID.
 */
export function parseBundle(data: Uint8Array | string): Bundle {
  const message = new Message(parseJson(data, 'the bundle'), 'bundle');
  const mediaType = message.text('mediaType');
  const version = Object.hasOwn(bundleMediaTypes, mediaType) ? bundleMediaTypes[mediaType as keyof typeof bundleMediaTypes] : undefined;
  if (version === undefined) throw bundleInvalid(`the bundle is of the unknown media type ${JSON.stringify(mediaType.slice(0, 200))}`);
  const material = message.need('verificationMaterial');
  const key = readKey(material, version);
  const tlogEntries = material.messages('tlogEntries', limits.entries).map((entry) => readEntry(entry, version));
  const timestamps = readTimestamps(material);
  const content = readContent(message);
  material.done();
  message.done();
  return { mediaType, version, key, tlogEntries, timestamps, content };
}

function readKey(material: Message, version: BundleVersion): BundleKey {
  const given = ['publicKey', 'certificate', 'x509CertificateChain'].filter((name) => material.has(name));
  if (given.length !== 1) throw material.fail(`has ${given.length === 0 ? 'no key or certificate' : given.join(' and ')}`);
  const publicKey = material.message('publicKey');
  if (publicKey !== undefined) {
    const hint = publicKey.text('hint');
    publicKey.done();
    return { kind: 'publicKey', hint };
  }
  const certificate = material.message('certificate');
  if (certificate !== undefined) return { kind: 'certificate', der: readCertificate(certificate) };
  if (version === '0.3') throw material.fail('has a certificate chain, which v0.3 does not allow');
  const chain = material.need('x509CertificateChain');
  const ders = chain.messages('certificates', limits.chain).map(readCertificate);
  chain.done();
  if (ders.length === 0) throw material.fail('has an empty certificate chain');
  return { kind: 'chain', ders };
}

function readCertificate(message: Message): Buffer {
  const der = message.needBytes('rawBytes');
  message.done();
  return der;
}

function readTimestamps(material: Message): Buffer[] {
  const data = material.message('timestampVerificationData');
  if (data === undefined) return [];
  const timestamps = data.messages('rfc3161Timestamps', limits.timestamps).map((item) => {
    const der = item.needBytes('signedTimestamp');
    item.done();
    return der;
  });
  data.done();
  return timestamps;
}

function readEntry(entry: Message, version: BundleVersion): TlogEntry {
  const logId = entry.need('logId');
  const kindVersion = entry.need('kindVersion');
  const promise = entry.message('inclusionPromise');
  const signedEntryTimestamp = promise?.needBytes('signedEntryTimestamp');
  const inclusionProof = readProof(entry);
  const result: TlogEntry = {
    logIndex: entry.int64('logIndex'),
    logId: logId.needBytes('keyId'),
    kind: kindVersion.text('kind'),
    version: kindVersion.text('version'),
    integratedTime: entry.int64('integratedTime'),
    ...(signedEntryTimestamp === undefined ? {} : { signedEntryTimestamp }),
    ...(inclusionProof === undefined ? {} : { inclusionProof }),
    canonicalizedBody: entry.needBytes('canonicalizedBody'),
  };
  if (version === '0.1' && signedEntryTimestamp === undefined) throw entry.fail('has no inclusion promise');
  if (version !== '0.1' && inclusionProof === undefined) throw entry.fail('has no inclusion proof');
  for (const message of [logId, kindVersion, promise, entry]) message?.done();
  return result;
}

function readProof(entry: Message): TlogEntry['inclusionProof'] {
  const proof = entry.message('inclusionProof');
  if (proof === undefined) return undefined;
  const checkpoint = proof.need('checkpoint');
  const result = {
    logIndex: proof.int64('logIndex'),
    treeSize: proof.int64('treeSize'),
    rootHash: proof.needBytes('rootHash'),
    hashes: proof.bytesList('hashes', limits.hashes),
    checkpoint: checkpoint.text('envelope'),
  };
  if (result.checkpoint === '') throw proof.fail('has an empty checkpoint');
  if (result.rootHash.length !== 32 || result.hashes.some((hash) => hash.length !== 32))
    throw proof.fail('has a hash that is not of 32 bytes');
  if (result.logIndex >= result.treeSize) throw proof.fail('proves an index outside its tree');
  checkpoint.done();
  proof.done();
  return result;
}

function readContent(bundle: Message): BundleContent {
  const hasEnvelope = bundle.has('dsseEnvelope');
  if (hasEnvelope === bundle.has('messageSignature')) throw bundle.fail('must have either a dsseEnvelope or a messageSignature');
  if (hasEnvelope) {
    const envelope = checkEnvelope(bundle.get('dsseEnvelope'));
    if (envelope.signatures.length !== 1) throw bundle.fail('has an envelope that has not exactly one signature');
    return { kind: 'dsse', envelope };
  }
  const message = bundle.need('messageSignature');
  const digest = message.message('messageDigest');
  const algorithm = digest?.text('algorithm');
  const bytes = digest?.needBytes('digest');
  const signature = message.needBytes('signature');
  if (algorithm !== undefined && algorithm !== 'SHA2_256' && algorithm !== 'SHA2_384' && algorithm !== 'SHA2_512') {
    throw message.fail(`has a digest of the unknown algorithm ${JSON.stringify(algorithm.slice(0, 100))}`);
  }
  digest?.done();
  message.done();
  return { kind: 'message', digest: algorithm === undefined || bytes === undefined ? undefined : { algorithm, bytes }, signature };
}
