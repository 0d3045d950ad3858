const replacement = '***';

/**
 * Takes credentials out of text that goes to a log, an error or a terminal: user information in URLs,
 * `Authorization` values, bearer tokens. The patterns are linear: no nested quantifiers, bounded classes.
 */
export function redact(text: string): string {
  return text
    .replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/@'"]{1,512}@/gi, `$1${replacement}@`)
    .replace(/\b(authorization\s{0,3}[:=]\s{0,3}(?:bearer|basic|token)\s)[^\s'",]{1,8192}/gi, `$1${replacement}`)
    .replace(/\b(bearer\s)[A-Za-z0-9._~+/=-]{16,8192}/gi, `$1${replacement}`);
}
