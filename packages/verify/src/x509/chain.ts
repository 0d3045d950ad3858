import { failed } from '../report/checks.ts';
import { isValidAt, type TrustedAuthority } from '../trust/trusted-root.ts';
import { keyPurpose, readCertificate, type Certificate } from './certificate.ts';

const digitalSignature = 0;
const keyCertSign = 5;

/**
 * The authority that vouches for a leaf at a moment: its chain, from the leaf's issuer to the root, is intact and within its
 * validity, and the trusted root has it for that time (RFC 5280 section 6, with a path that is given). Throws VERIFY_CHECK_FAILED with the reason of the
 * last authority tried.
 */
export function findIssuer(
  leaf: Certificate,
  authorities: readonly TrustedAuthority[],
  time: number,
  purpose: keyof typeof keyPurpose,
): { authority: TrustedAuthority; issuer: Certificate } {
  checkLeaf(leaf, time, purpose);
  let reason: unknown = failed('the trusted root has no authority of this kind');
  for (const authority of authorities) {
    try {
      return { authority, issuer: checkPath(leaf, authority, time, purpose) };
    } catch (error) {
      reason = error;
    }
  }
  throw reason;
}

function checkLeaf(leaf: Certificate, time: number, purpose: keyof typeof keyPurpose): void {
  checkTime(leaf, time, 'the certificate');
  if (leaf.isAuthority) throw failed('the signing certificate is that of an authority');
  if (leaf.keyUsage !== undefined && !leaf.keyUsage.has(digitalSignature)) throw failed('the certificate is not for digital signatures');
  const wanted = keyPurpose[purpose];
  if (leaf.extendedKeyUsage?.includes(wanted) !== true)
    throw failed(`the certificate is not for ${purpose}`, wanted, leaf.extendedKeyUsage ?? []);
  if (purpose === 'timeStamping' && (leaf.extendedKeyUsage.length !== 1 || !leaf.extendedKeyUsageCritical)) {
    throw failed('a timestamping certificate must be for that alone, critically (RFC 3161 section 2.3)');
  }
}

function checkPath(leaf: Certificate, authority: TrustedAuthority, time: number, purpose: keyof typeof keyPurpose): Certificate {
  if (!isValidAt(authority.validity, time))
    throw failed('the trusted root does not have the authority for this time', authority.validity, new Date(time).toISOString());
  const issuers = authority.certificates.map(readCertificate).filter(({ x509 }) => !x509.raw.equals(leaf.x509.raw));
  let subject = leaf;
  for (const [depth, issuer] of issuers.entries()) {
    if (!subject.x509.checkIssued(issuer.x509) || !subject.x509.verify(issuer.x509.publicKey)) {
      throw failed('the certificate is not issued by a trusted authority', issuer.x509.subject, subject.x509.issuer);
    }
    checkTime(issuer, time, 'a certificate of the authority');
    if (!issuer.isAuthority || issuer.pathLength < depth) throw failed('an issuer in the chain may not issue this certificate');
    if (issuer.keyUsage !== undefined && !issuer.keyUsage.has(keyCertSign))
      throw failed('an issuer in the chain may not sign certificates');
    const purposes = issuer.extendedKeyUsage;
    if (purposes !== undefined && !purposes.includes(keyPurpose[purpose])) throw failed(`an issuer in the chain is not for ${purpose}`);
    subject = issuer;
  }
  const [first] = issuers;
  if (first === undefined) throw failed('the authority has no certificate that could have issued this one');
  return first;
}

function checkTime({ notBefore, notAfter }: Certificate, time: number, what: string): void {
  if (time >= notBefore && time <= notAfter) return;
  const expected = { notBefore: new Date(notBefore).toISOString(), notAfter: new Date(notAfter).toISOString() };
  throw failed(`${what} was not valid at the time of signing`, expected, new Date(time).toISOString());
}
