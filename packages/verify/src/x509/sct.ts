import { createHash, verify } from 'node:crypto';
import { extensionsOf, readDer } from '@colophon/log';
import { failed } from '../report/checks.ts';
import { isValidAt, type TrustedLog } from '../trust/trusted-root.ts';
import type { Certificate } from './certificate.ts';
import { writeDer } from './der-write.ts';

const sctList = '1.3.6.1.4.1.11129.2.4.2';

interface Sct {
  readonly version: number;
  readonly logId: Buffer;
  /** Milliseconds since 1970. */
  readonly timestamp: bigint;
  readonly extensions: Buffer;
  readonly signature: Buffer;
}

/**
 * At least one signed certificate timestamp within the certificate is by a trusted CT log (RFC 6962 sections 3.2 and 3.3). One of a
 * trusted log that does not verify is a forgery and refuses the certificate. Throws VERIFY_CHECK_FAILED.
 */
export function checkScts(leaf: Certificate, issuer: Certificate, logs: readonly TrustedLog[]): TrustedLog {
  const extension = extensionsOf(leaf.x509).get(sctList);
  if (extension === undefined) throw failed('the certificate carries no certificate timestamp');
  const scts = readScts(readDer(extension.value).content);
  const precertificate = withoutScts(leaf);
  const issuerHash = createHash('sha256')
    .update(issuer.x509.publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
  let found: TrustedLog | undefined;
  for (const sct of scts) {
    const log = logs.find(({ logId, validity }) => logId.equals(sct.logId) && isValidAt(validity, Number(sct.timestamp)));
    if (log === undefined) continue;
    if (sct.version !== 0 || !verify('sha256', signedData(sct, issuerHash, precertificate), log.key, sct.signature)) {
      throw failed(`the certificate timestamp of the log ${log.baseUrl} does not verify`);
    }
    found ??= log;
  }
  if (found !== undefined) return found;
  throw failed(
    'no certificate timestamp is by a trusted CT log',
    logs.map(({ logId }) => logId.toString('hex')),
    scts.map(({ logId }) => logId.toString('hex')),
  );
}

/** digitally-signed struct of RFC 6962 section 3.2, for a precert_entry. */
function signedData({ timestamp, extensions }: Sct, issuerHash: Buffer, precertificate: Buffer): Buffer {
  const head = Buffer.alloc(12);
  head.writeBigUInt64BE(timestamp, 2);
  head.writeUInt16BE(1, 10);
  return Buffer.concat([head, issuerHash, sized(precertificate, 3), sized(extensions, 2)]);
}

function sized(data: Buffer, bytes: number): Buffer {
  const length = Buffer.alloc(bytes);
  length.writeUIntBE(data.length, 0, bytes);
  return Buffer.concat([length, data]);
}

/** The TBSCertificate as the CT log signed it: without the list of timestamps. */
function withoutScts({ x509 }: Certificate): Buffer {
  const [tbs] = readDer(x509.raw).children();
  if (tbs === undefined) throw failed('the certificate is malformed');
  const parts = tbs.children().map((part) => {
    if (part.tag !== 0xa3) return part.raw;
    const kept = (part.children()[0]?.children() ?? []).filter((extension) => extension.children()[0]?.oid() !== sctList);
    return writeDer(0xa3, writeDer(0x30, ...kept.map(({ raw }) => raw)));
  });
  return writeDer(tbs.tag, ...parts);
}

/** SignedCertificateTimestampList, in TLS encoding. */
function readScts(list: Buffer): Sct[] {
  const scts: Sct[] = [];
  const all = take(list, 0, 2);
  if (all.end !== list.length) throw failed('the list of certificate timestamps is malformed');
  for (let at = 0; at < all.data.length;) {
    const { data, end } = take(all.data, at, 2);
    at = end;
    const extensions = take(data, 41, 2);
    // Hash and signature algorithm (TLS 1.2): sha256 with rsa or ecdsa.
    if (data[extensions.end] !== 4 || ![1, 3].includes(data[extensions.end + 1] ?? 0))
      throw failed('a certificate timestamp has another algorithm');
    const signature = take(data, extensions.end + 2, 2);
    if (signature.end !== data.length) throw failed('a certificate timestamp is malformed');
    scts.push({
      version: data[0] as number,
      logId: data.subarray(1, 33),
      timestamp: data.readBigUInt64BE(33),
      extensions: extensions.data,
      signature: signature.data,
    });
  }
  return scts;
}

function take(data: Buffer, at: number, bytes: number): { data: Buffer; end: number } {
  const start = at + bytes;
  const end = start <= data.length ? start + data.readUIntBE(at, bytes) : Infinity;
  if (end > data.length) throw failed('the list of certificate timestamps is cut off');
  return { data: data.subarray(start, end), end };
}
