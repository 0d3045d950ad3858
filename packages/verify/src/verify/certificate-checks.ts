import type { BundleKey } from '@colophon/sign';
import type { Identity } from '../policy/expectations.ts';
import { failed, type Checks } from '../report/checks.ts';
import type { Trust } from '../trust/trust.ts';
import { readCertificate, type Certificate } from '../x509/certificate.ts';
import { findIssuer } from '../x509/chain.ts';
import { checkScts } from '../x509/sct.ts';

/** The signer's certificate. A chain beside it is looked at only to refuse a root, which has no place there (bundle specification). */
export function leafOf(key: Exclude<BundleKey, { kind: 'publicKey' }>): Certificate {
  if (key.kind === 'certificate') return readCertificate(key.der);
  const [leaf, ...rest] = key.ders.map((der) => readCertificate(der));
  if (rest.some(({ x509 }) => x509.subject === x509.issuer)) throw failed('the bundle brings a root certificate along');
  return leaf as Certificate;
}

/** Issued by a trusted authority, within its time at every moment that was proven, and in a trusted CT log. */
export function checkCertificate(checks: Checks, leaf: Certificate, trust: Trust, times: readonly number[]): void {
  const known = checks.run('time', () => {
    if (times.length === 0)
      throw failed('nothing proves when it was signed: a certificate needs the time of a log or of a timestamp authority');
    return { value: times, message: `signed at ${times.map((time) => new Date(time).toISOString()).join(', ')}` };
  });
  if (known === undefined) return;
  const found = checks.run('certificate', () => {
    const all = known.map((time) => findIssuer(leaf, trust.root.certificateAuthorities, time, 'codeSigning'));
    const { authority, issuer } = all[0] as (typeof all)[0];
    return { value: issuer, message: `the certificate is by ${authority.uri || issuer.x509.subject}, and was valid when it signed` };
  });
  if (found === undefined) return;
  checks.run('certificate-transparency', () => {
    const log = checkScts(leaf, found, trust.root.ctlogs);
    return { value: true, message: `the certificate is in the CT log ${log.baseUrl}` };
  });
}

/** Without an expected identity no certificate passes: a public authority certifies everybody. */
export function checkIdentity(checks: Checks, leaf: Certificate, expected: Identity | undefined): void {
  checks.run('identity', () => {
    const subjects = Object.values(leaf.names).flat() as string[];
    const found = { subjects, issuer: leaf.issuer };
    if (expected === undefined || (expected.subject === undefined && expected.subjectPattern === undefined)) {
      throw failed('no identity is expected, so that nobody is whom it should be', 'a subject and an issuer', found);
    }
    const { subject, subjectPattern, issuer } = expected;
    const pattern = subjectPattern === undefined ? undefined : new RegExp(`^(?:${subjectPattern})$`, 'u');
    const fits = subjects.some((name) => (subject === undefined || name === subject) && (pattern === undefined || pattern.test(name)));
    if (!fits) throw failed('the certificate is of somebody else', expected, found);
    if (issuer !== undefined && leaf.issuer !== issuer) throw failed('somebody else vouched for the identity', issuer, leaf.issuer);
    return { value: true, message: `the certificate is of ${subjects.join(', ')}`, found };
  });
}
