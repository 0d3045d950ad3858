/**
 * DSSE's pre-authentication encoding (protocol.md): "DSSEv1" SP LEN(type) SP type SP LEN(body) SP body, lengths in bytes, decimal.
 * What is signed is this, so that a payload cannot be taken for one of another type.
 */
export function pae(payloadType: string, payload: Uint8Array): Buffer {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} `), type, Buffer.from(` ${payload.length} `), payload]);
}
