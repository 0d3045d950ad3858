import type { X509Certificate } from 'node:crypto';
import { readDer, type Der } from './der.ts';

const subjectAltName = '2.5.29.17';
/** Fulcio's OtherName for user names. */
const fulcioUserName = '1.3.6.1.4.1.57264.1.7';

/** The extensions of a certificate by their identifiers, RFC 5280 section 4.1.2.9; values are the octets within. */
export function extensionsOf(certificate: X509Certificate): Map<string, { critical: boolean; value: Buffer }> {
  const [tbs] = readDer(certificate.raw).children();
  const holder = tbs?.children().find(({ tag }) => tag === 0xa3);
  const found = new Map<string, { critical: boolean; value: Buffer }>();
  for (const extension of holder?.children()[0]?.children() ?? []) {
    const parts = extension.children();
    const value = parts.at(-1);
    if (parts[0] !== undefined && value?.tag === 0x04) {
      found.set(parts[0].oid(), { critical: parts.length === 3 && parts[1]?.content[0] === 0xff, value: value.content });
    }
  }
  return found;
}

export interface SubjectNames {
  readonly dns: string[];
  readonly emails: string[];
  readonly addresses: string[];
  readonly uris: string[];
  readonly userNames: string[];
}

/** Subject alternative names by kind, RFC 5280 section 4.2.1.6. Not read through Node's text form, which must be unquoted. */
export function subjectNames(certificate: X509Certificate): SubjectNames {
  const names: SubjectNames = { dns: [], emails: [], addresses: [], uris: [], userNames: [] };
  const extension = extensionsOf(certificate).get(subjectAltName);
  if (extension === undefined) return names;
  for (const name of readDer(extension.value).children()) {
    if (name.tag === 0x82) names.dns.push(name.content.toString('latin1'));
    else if (name.tag === 0x81) names.emails.push(name.content.toString('latin1'));
    else if (name.tag === 0x87) names.addresses.push(address(name.content));
    else if (name.tag === 0x86) names.uris.push(name.content.toString('latin1'));
    else if (name.tag === 0xa0) userName(name, names.userNames);
  }
  return names;
}

/** In the order in which Rekor lists them. */
export function subjectsOf(certificate: X509Certificate): string[] {
  const { dns, emails, addresses, uris, userNames } = subjectNames(certificate);
  return [...dns, ...emails, ...addresses, ...uris, ...userNames].filter((name) => name !== '');
}

function userName(name: Der, into: string[]): void {
  const [type, holder] = name.children();
  if (type?.oid() !== fulcioUserName || holder?.tag !== 0xa0) return;
  const [value] = holder.children();
  if (value?.tag === 0x0c) into.push(value.content.toString('utf8'));
}

function address(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) return '';
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1);
}
