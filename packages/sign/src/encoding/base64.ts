/**
 * Base64 as DSSE (protocol.md, "SIGNATURE") and protobuf JSON read it: the standard or the URL alphabet, with or without
 * padding, but not a mixture, no white space and no stray bits. Gives undefined for anything else.
 */
export function readBase64(text: string): Buffer | undefined {
  const body = text.replace(/={0,2}$/, '');
  const padded = body.length !== text.length;
  if (padded && text.length % 4 !== 0) return undefined;
  const url = /^[A-Za-z0-9_-]*$/.test(body);
  if (!url && !/^[A-Za-z0-9+/]*$/.test(body)) return undefined;
  const bytes = Buffer.from(body, url ? 'base64url' : 'base64');
  return bytes.toString(url ? 'base64url' : 'base64').replace(/={0,2}$/, '') === body ? bytes : undefined;
}
