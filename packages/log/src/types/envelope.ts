import { pae } from '@colophon/sign';
import { anyBase64, fieldsOf, invalidEntry, textOf } from './fields.ts';
import { parseVerifier, verifyMessage, type Verifier } from './verifier.ts';

export interface ProposedEnvelope {
  readonly payloadType: string;
  readonly payload: Buffer;
  readonly signatures: readonly { readonly sig: string; readonly keyid: string }[];
}

const maxSignatures = 64;

export function envelopeOf(value: unknown): ProposedEnvelope {
  const { payloadType, payload, signatures } = fieldsOf(value, 'the envelope');
  if (!Array.isArray(signatures) || signatures.length === 0) throw invalidEntry('DSSE envelope must contain 1 or more signatures');
  if (signatures.length > maxSignatures) throw invalidEntry(`DSSE envelope has more than ${maxSignatures} signatures`);
  return {
    payloadType: textOf(payloadType, 'payloadType'),
    payload: anyBase64(textOf(payload, 'payload'), 'payload'),
    signatures: signatures.map((item: unknown) => {
      const { sig, keyid } = fieldsOf(item, 'a signature');
      return { sig: textOf(sig, 'sig'), keyid: typeof keyid === 'string' ? keyid : '' };
    }),
  };
}

/**
 * Every signature must be verified by a key, and every key must verify a signature, as Rekor demands. Key ids
 * are the proposer's words and are not looked at. Gives the verifier of each signature; throws LOG_ENTRY_INVALID.
 */
export function verifyProposal(
  envelope: ProposedEnvelope,
  keys: readonly Uint8Array[],
  options: { stopWhenDone: boolean },
): Map<string, Verifier> {
  if (keys.length > maxSignatures) throw invalidEntry(`more than ${maxSignatures} keys`);
  const message = pae(envelope.payloadType, envelope.payload);
  const signatures = new Map(envelope.signatures.map(({ sig }) => [sig, anyBase64(sig, 'sig')]));
  const verified = new Map<string, Verifier>();
  for (const pem of keys) {
    if (options.stopWhenDone && verified.size === signatures.size) break;
    const verifier = parseVerifier(pem);
    const accepted = [...signatures].filter(([, bytes]) => verifyMessage(verifier.key, message, bytes));
    if (accepted.length === 0) throw invalidEntry('could not verify envelope: a key verifies none of its signatures');
    for (const [sig] of accepted) verified.set(sig, verifier);
  }
  if (verified.size < signatures.size) throw invalidEntry('all signatures must have a key that verifies it');
  return verified;
}
