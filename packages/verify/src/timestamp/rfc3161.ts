import { createHash, verify } from 'node:crypto';
import { readDer, type Der } from '@colophon/log';
import { failed } from '../report/checks.ts';
import type { TrustedAuthority } from '../trust/trusted-root.ts';
import { readCertificate, type Certificate } from '../x509/certificate.ts';
import { findIssuer } from '../x509/chain.ts';

const signedDataType = '1.2.840.113549.1.7.2';
const tstInfoType = '1.2.840.113549.1.9.16.1.4';
const contentTypeAttribute = '1.2.840.113549.1.9.3';
const messageDigestAttribute = '1.2.840.113549.1.9.4';
const hashes: Readonly<Record<string, string>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Certificates that signed it stand in the trusted root, or in the token; then an authority of the trusted root vouches for them. */
export interface VerifiedTimestamp {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly authority: string;
}

/**
 * Verifies an RFC 3161 timestamp response over `data` (section 2.4.2; CMS SignedData of RFC 5652 section 5). The response is a stranger's;
 * only the authorities given count, each for its time. Throws VERIFY_CHECK_FAILED.
 */
export function verifyTimestamp(response: Uint8Array, data: Uint8Array, authorities: readonly TrustedAuthority[]): VerifiedTimestamp {
  let token: Token;
  try {
    token = readToken(response);
  } catch (cause) {
    throw failed(`the timestamp cannot be read: ${(cause as Error).message}`);
  }
  const { info, signer } = token;
  const imprint = createHash(info.hash).update(data).digest();
  if (!imprint.equals(info.imprint)) {
    throw failed('the timestamp is of other data than the signature', imprint.toString('hex'), info.imprint.toString('hex'));
  }
  checkSignedAttributes(token);
  let reason: unknown = failed('no timestamp authority is trusted');
  for (const authority of authorities) {
    for (const candidate of [...authority.certificates.slice(0, 1), ...token.certificates]) {
      try {
        const certificate = readCertificate(candidate);
        if (!verify(signer.hash, signer.signedAttributes, certificate.x509.publicKey, signer.signature)) {
          throw failed('the timestamp is not signed by a trusted authority', authority.uri);
        }
        checkSignerId(signer.id, certificate);
        findIssuer(certificate, [authority], info.time, 'timeStamping');
        return { time: info.time, authority: authority.uri };
      } catch (error) {
        reason = error;
      }
    }
  }
  throw reason;
}

interface Token {
  readonly info: { hash: string; imprint: Buffer; time: number };
  readonly content: Buffer;
  readonly certificates: readonly Buffer[];
  readonly signer: { id: Der; hash: string; signedAttributes: Buffer; attributes: ReadonlyMap<string, Der>; signature: Buffer };
}

function need(element: Der | undefined, tag: number, what: string): Der {
  if (element?.tag !== tag) throw failed(`it has no ${what}`);
  return element;
}

function readToken(response: Uint8Array): Token {
  const [status, contentInfo] = need(readDer(response), 0x30, 'TimeStampResp').children();
  const granted = need(need(status, 0x30, 'status').children()[0], 0x02, 'status').integer();
  if (granted !== 0n && granted !== 1n) throw failed(`the authority refused: status ${granted}`);
  const [type, holder] = need(contentInfo, 0x30, 'token').children();
  if (type?.oid() !== signedDataType) throw failed('the token is not SignedData');
  const parts = need(need(holder, 0xa0, 'SignedData').children()[0], 0x30, 'SignedData').children();
  const [contentType, contentHolder] = need(parts[2], 0x30, 'content').children();
  if (contentType?.oid() !== tstInfoType) throw failed('the content is not TSTInfo');
  const content = need(need(contentHolder, 0xa0, 'content').children()[0], 0x04, 'content').content;
  const certificates = parts.find(({ tag }) => tag === 0xa0)?.children() ?? [];
  const signers = need(parts.at(-1), 0x31, 'signers').children();
  if (signers.length !== 1) throw failed(`it has ${signers.length} signers`);
  return {
    info: readInfo(content),
    content,
    certificates: certificates
      .filter(({ tag }) => tag === 0x30)
      .map(({ raw }) => raw)
      .slice(0, 10),
    signer: readSigner(need(signers[0], 0x30, 'signer')),
  };
}

function hashOf(algorithm: Der | undefined): string {
  const name = hashes[need(algorithm, 0x30, 'digest algorithm').children()[0]?.oid() ?? ''];
  if (name === undefined) throw failed('its digest algorithm is not SHA-256, SHA-384 or SHA-512');
  return name;
}

function readInfo(content: Buffer): Token['info'] {
  const parts = need(readDer(content), 0x30, 'TSTInfo').children();
  const [algorithm, imprint] = need(parts[2], 0x30, 'message imprint').children();
  return {
    hash: hashOf(algorithm),
    imprint: need(imprint, 0x04, 'message imprint').content,
    time: readTime(need(parts[4], 0x18, 'time').content.toString('latin1')),
  };
}

/** GeneralizedTime, RFC 3161 section 2.4.2: UTC, fractions of a second allowed. */
function readTime(text: string): number {
  const match = /^([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})(\.[0-9]+)?Z$/.exec(text);
  if (match === null) throw failed('its time is malformed');
  const [, year, month, day, hour, minute, second, fraction = ''] = match;
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}Z`);
}

function readSigner(element: Der): Token['signer'] {
  const [, id, digestAlgorithm, signed, , signature] = element.children();
  const attributes = need(signed, 0xa0, 'signed attributes');
  const byType = new Map<string, Der>();
  for (const attribute of attributes.children()) {
    const [type, values] = attribute.children();
    const name = need(type, 0x06, 'attribute').oid();
    const all = need(values, 0x31, 'attribute value').children();
    if (byType.has(name) || all.length !== 1) throw failed('an attribute stands twice');
    byType.set(name, all[0] as Der);
  }
  // Signed is the SET OF itself, not its [0] tag (RFC 5652 section 5.4).
  const signedAttributes = Buffer.from(attributes.raw);
  signedAttributes[0] = 0x31;
  return {
    id: id as Der,
    hash: hashOf(digestAlgorithm),
    signedAttributes,
    attributes: byType,
    signature: need(signature, 0x04, 'signature').content,
  };
}

function checkSignedAttributes({ content, signer }: Token): void {
  const type = signer.attributes.get(contentTypeAttribute);
  const digest = signer.attributes.get(messageDigestAttribute);
  if (type?.oid() !== tstInfoType) throw failed('the signed content type is not TSTInfo');
  if (digest === undefined || !createHash(signer.hash).update(content).digest().equals(digest.content)) {
    throw failed('the timestamp was changed after it was signed');
  }
}

/** The signer is named by issuer and serial number, or by key identifier; the latter says no more than the signature. */
function checkSignerId(id: Der, { x509 }: Certificate): void {
  if (id.tag !== 0x30) return;
  const serial = id.children()[1];
  if (serial === undefined || serial.integer() !== BigInt(`0x${x509.serialNumber}`))
    throw failed('the timestamp names another certificate as its signer');
}
