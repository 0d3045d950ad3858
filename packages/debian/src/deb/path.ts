import { debianErrors } from '../errors.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Decodes a path of an archive and makes it plain: relative, no `./`, no slash at the end; the root itself is `.`.
 * The attacker controls every byte: absolute paths, `..`, zero bytes, text that is not UTF-8 and over-long paths throw
 * DEBIAN_PATH_UNSAFE.
 */
export function safePath(bytes: Uint8Array, limit: number, what: string): string {
  const text = decodeName(bytes, limit, what);
  const unsafe = (why: string) =>
    debianErrors.error('DEBIAN_PATH_UNSAFE', `${what}: the path ${JSON.stringify(text.slice(0, 300))} ${why}`);
  if (text === '') throw unsafe('is empty');
  if (text.startsWith('/')) throw unsafe('is absolute');
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw unsafe('leads upwards');
  return parts.length === 0 ? '.' : parts.join('/');
}

/** Decodes a name or link target; says nothing of where it leads. */
export function decodeName(bytes: Uint8Array, limit: number, what: string): string {
  if (bytes.length > limit)
    throw debianErrors.error('DEBIAN_PATH_UNSAFE', `${what}: a name of ${bytes.length} bytes; the limit is ${limit}`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch (cause) {
    throw debianErrors.error('DEBIAN_PATH_UNSAFE', `${what}: a name is not UTF-8`, { cause });
  }
  if (text.includes('\0')) throw debianErrors.error('DEBIAN_PATH_UNSAFE', `${what}: a name holds a zero byte`);
  return text;
}

/** A path of an index or lock that is put after a mirror's address: relative, plain segments only. Throws DEBIAN_PATH_UNSAFE. */
export function safeArchivePath(path: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._+~:=@-]*(?:\/[A-Za-z0-9][A-Za-z0-9._+~:=@-]*)*$/.test(path) || path.length > 1024) {
    throw debianErrors.error('DEBIAN_PATH_UNSAFE', `not a path within an archive: ${JSON.stringify(path.slice(0, 300))}`);
  }
  return path;
}
