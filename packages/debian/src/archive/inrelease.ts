import type { CleartextMessage, Key, KeyID } from 'openpgp';
import { isColophonError } from '@colophon/core';
import { debianErrors } from '../errors.ts';
import type { Keyring } from './keyring.ts';

export type SignatureOutcome = 'good' | 'unknown-key' | 'expired-key' | 'expired-signature' | 'from-the-future' | 'bad';

/** What became of one signature of an InRelease file. */
export interface SignatureReport {
  readonly outcome: SignatureOutcome;
  /** 16 upper-case hexadecimal digits: the key or subkey that the signature names. */
  readonly keyId: string;
  /** Of the trusted primary key, 40 or 64 upper-case hexadecimal digits, when it is known. */
  readonly fingerprint?: string;
  /** When the signature was made, RFC 3339. */
  readonly created?: string;
  readonly message: string;
}

export interface VerifiedInRelease {
  /** The text that was signed, and nothing else of the file. */
  readonly text: string;
  readonly signatures: readonly SignatureReport[];
  /** Fingerprints of the keys whose signature is good, in the order of the file. */
  readonly signedBy: readonly string[];
}

export interface VerifyOptions {
  /** Keys and signatures must be valid at this time. */
  readonly at: Date;
  /**
   * For a lock that is verified again: a suite is signed some time after its own date, so each signature is judged at
   * its own time where that is later than `at`. Only for bytes whose hash was pinned.
   */
  readonly pinned?: boolean;
}

const begin = '-----BEGIN PGP SIGNED MESSAGE-----';
const signature = '-----BEGIN PGP SIGNATURE-----';
const end = '-----END PGP SIGNATURE-----';
/** How far this machine's clock may be behind the signer's, in milliseconds. */
const skew = 10 * 60 * 1000;

/** What openpgp's signature packets have; its published types leave it out. */
interface SignaturePacket {
  readonly issuerKeyID: KeyID;
  readonly created: Date | null;
  readonly signatureType: number | null;
  getExpirationTime(): Date | number | null;
}

/**
 * Verifies an InRelease file (clear-signed, RFC 9580 section 7): one good signature of a trusted key that was neither
 * expired nor revoked is enough; every other signature is reported. The attacker controls the whole file: text before
 * or after the armour is refused (DEBIAN_INRELEASE_INVALID), and only the signed text is given back. Weak hashes (MD5,
 * SHA-1) are refused by openpgp's defaults. Throws DEBIAN_SIGNATURE_UNTRUSTED, with all reports in its details, if no
 * signature is good.
 */
export async function verifyInRelease(
  bytes: Uint8Array,
  keyring: Keyring,
  options: VerifyOptions,
  what = 'InRelease',
): Promise<VerifiedInRelease> {
  const message = await parseClearsigned(bytes, what);
  const packets = (
    message as unknown as { signature: { packets: { filterByTag(tag: number): SignaturePacket[] } } }
  ).signature.packets.filterByTag(2);
  // `null`: no time is checked by openpgp itself, so that each reason can be told apart below.
  const results = await message.verify([...keyring.keys], null as never);
  const signatures = await Promise.all(packets.map((packet, index) => judge(packet, results[index]?.verified, keyring, options)));
  const signedBy = signatures.flatMap(({ outcome, fingerprint }) => (outcome === 'good' && fingerprint !== undefined ? [fingerprint] : []));
  if (signedBy.length === 0) {
    const why = signatures.map(({ keyId, message: text }) => `${keyId}: ${text}`).join('; ') || 'it has none';
    throw debianErrors.error('DEBIAN_SIGNATURE_UNTRUSTED', `${what}: no good signature of a trusted key (${why})`, {
      details: { signatures },
    });
  }
  return { text: message.getText(), signatures, signedBy: [...new Set(signedBy)] };
}

async function parseClearsigned(bytes: Uint8Array, what: string): Promise<CleartextMessage> {
  const invalid = (why: string, cause?: unknown) =>
    debianErrors.error('DEBIAN_INRELEASE_INVALID', `${what}: ${why}`, cause === undefined ? {} : { cause });
  try {
    const file = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const lines = file.split('\n').map((line) => line.trimEnd());
    const once = [begin, signature, end].every(
      (marker) => lines.indexOf(marker) >= 0 && lines.indexOf(marker) === lines.lastIndexOf(marker),
    );
    if (!once || lines[0] !== begin) throw invalid('it is not one clear-signed document');
    if (lines.slice(lines.indexOf(end) + 1).some((line) => line !== '')) throw invalid('there is text after the signature');
    const { readCleartextMessage } = await import('openpgp');
    return await readCleartextMessage({ cleartextMessage: file });
  } catch (cause) {
    throw isColophonError(cause) ? cause : invalid((cause as Error).message, cause);
  }
}

async function judge(
  packet: SignaturePacket,
  verified: Promise<unknown> | undefined,
  keyring: Keyring,
  options: VerifyOptions,
): Promise<SignatureReport> {
  const created = packet.created ?? new Date(0);
  const at = options.pinned === true && created > options.at ? created : options.at;
  const key = keyring.keys.find((candidate) => candidate.getKeys(packet.issuerKeyID).length > 0);
  const report = (outcome: SignatureOutcome, message: string): SignatureReport => ({
    outcome,
    keyId: packet.issuerKeyID.toHex().toUpperCase(),
    ...(key === undefined ? {} : { fingerprint: key.getFingerprint().toUpperCase() }),
    created: created.toISOString(),
    message,
  });
  if (key === undefined) return report('unknown-key', 'the key is not in the keyrings');
  // 0 and 1 are signatures of documents; a signature of another type (over a key, say) says nothing of this text.
  if (packet.signatureType !== 0 && packet.signatureType !== 1) return report('bad', 'it is not a signature of a document');
  const failure = await reasonOf(verified ?? Promise.reject(new Error('it cannot be checked')));
  if (failure !== undefined) return report(/key is expired/i.test(failure) ? 'expired-key' : 'bad', failure);
  if (created.getTime() > at.getTime() + skew) return report('from-the-future', `it says that it was made at ${created.toISOString()}`);
  if ((packet.getExpirationTime() ?? 0) <= at) return report('expired-signature', 'the signature has expired');
  const invalid = await validAt(key, packet.issuerKeyID, created > at ? created : at);
  if (invalid !== undefined) return report('expired-key', `the key was not valid at ${at.toISOString()}: ${invalid}`);
  return report('good', 'good signature of a trusted key');
}

/** openpgp judges the key at the time that the signature claims; an archive's key must also be valid at the lock's time. */
function validAt(key: Key, keyId: KeyID, at: Date): Promise<string | undefined> {
  return reasonOf(key.getSigningKey(keyId, at));
}

function reasonOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: Error) => error.message,
  );
}
