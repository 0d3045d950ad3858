import { X509Certificate } from 'node:crypto';
import { extensionsOf, readDer, subjectNames, type SubjectNames } from '@colophon/log';
import { failed } from '../report/checks.ts';

const oid = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
  issuerV1: '1.3.6.1.4.1.57264.1.1',
  issuerV2: '1.3.6.1.4.1.57264.1.8',
} as const;

export const keyPurpose = { codeSigning: '1.3.6.1.5.5.7.3.3', timeStamping: '1.3.6.1.5.5.7.3.8' } as const;

/** Extensions that are understood here; another one that is critical makes a certificate unusable (RFC 5280 section 4.2). */
const understood = new Set<string>(Object.values(oid));

export interface Certificate {
  readonly x509: X509Certificate;
  /** Milliseconds since 1970. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  readonly pathLength: number;
  /** Bits of keyUsage from the first on, or undefined if the certificate does not say. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  readonly extendedKeyUsage: readonly string[] | undefined;
  readonly extendedKeyUsageCritical: boolean;
  readonly names: SubjectNames;
  /** Who vouched for the subject to Fulcio. */
  readonly issuer: string | undefined;
}

/** Reads a certificate that a stranger may have written. Throws VERIFY_CHECK_FAILED. */
export function readCertificate(source: Uint8Array | X509Certificate): Certificate {
  try {
    const x509 = source instanceof X509Certificate ? source : new X509Certificate(source);
    if (!(source instanceof X509Certificate) && !x509.raw.equals(source)) throw failed('bytes after the certificate');
    const extensions = extensionsOf(x509);
    for (const [name, { critical }] of extensions) {
      if (critical && !understood.has(name)) throw failed(`the certificate has the critical extension ${name}, which is not understood`);
    }
    const constraints = extensions.get(oid.basicConstraints);
    const [isCa, length] = constraints === undefined ? [] : readDer(constraints.value).children();
    const purposes = extensions.get(oid.extendedKeyUsage);
    return {
      x509,
      notBefore: Date.parse(x509.validFrom),
      notAfter: Date.parse(x509.validTo),
      isAuthority: isCa?.tag === 0x01 && isCa.content[0] === 0xff,
      pathLength: length?.tag === 0x02 ? Number(length.integer()) : Infinity,
      keyUsage: bits(extensions.get(oid.keyUsage)?.value),
      extendedKeyUsage:
        purposes === undefined
          ? undefined
          : readDer(purposes.value)
              .children()
              .map((item) => item.oid()),
      extendedKeyUsageCritical: purposes?.critical === true,
      names: subjectNames(x509),
      issuer: issuerOf(extensions),
    };
  } catch (cause) {
    throw failed(`the certificate cannot be read: ${(cause as Error).message}`);
  }
}

function bits(value: Buffer | undefined): ReadonlySet<number> | undefined {
  if (value === undefined) return undefined;
  const [, ...octets] = readDer(value).content;
  return new Set(
    octets.flatMap((octet, at) =>
      Array.from({ length: 8 }, (_, bit) => bit)
        .filter((bit) => octet & (0x80 >> bit))
        .map((bit) => at * 8 + bit),
    ),
  );
}

function issuerOf(extensions: ReturnType<typeof extensionsOf>): string | undefined {
  const second = extensions.get(oid.issuerV2)?.value;
  if (second !== undefined) return readDer(second).content.toString('utf8');
  return extensions.get(oid.issuerV1)?.value.toString('utf8');
}
