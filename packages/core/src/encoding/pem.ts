import { coreErrors } from '../errors/core-errors.ts';

/** RFC 7468 text, 64 columns. */
export function encodePem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}

/** All PEM blocks of a text, in order. Throws CORE_PEM_INVALID if there is none or one is broken. */
export function decodePem(text: string): { label: string; der: Buffer }[] {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----/g)];
  if (blocks.length === 0) throw coreErrors.error('CORE_PEM_INVALID', 'no PEM block found');
  return blocks.map(([, label, body]) => {
    const compact = (body as string).replace(/[\r\n]/g, '');
    const der = Buffer.from(compact, 'base64');
    if (der.length === 0 || der.toString('base64') !== compact) {
      throw coreErrors.error('CORE_PEM_INVALID', `the PEM block ${label} is not base64`);
    }
    return { label: label as string, der };
  });
}
