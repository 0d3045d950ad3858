import { debianErrors } from '../errors.ts';

/** What a PAX extended header may say here (POSIX.1-2001, pax); everything that changes contents is read or refused. */
export interface PaxFields {
  path?: Uint8Array;
  linkpath?: Uint8Array;
  size?: number;
  mtime?: number;
  uid?: number;
  gid?: number;
}

const ignored = /^(?:atime|ctime|comment|charset|hdrcharset|uname|gname|LIBARCHIVE\.creationtime)$/;

/**
 * Parses the records `LENGTH KEY=VALUE\n`. Sub-second times are cut to seconds. Sparse files and extended attributes
 * are refused (DEBIAN_TAR_UNSUPPORTED): leaving them out silently would give other contents than dpkg does.
 */
export function parsePax(data: Uint8Array, what: string): PaxFields {
  const invalid = (why: string) => debianErrors.error('DEBIAN_TAR_INVALID', `${what}: a PAX header ${why}`);
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const fields: PaxFields = {};
  let position = 0;
  while (position < bytes.length) {
    const space = bytes.indexOf(0x20, position);
    const digits = space < 0 ? '' : bytes.toString('latin1', position, space);
    if (!/^[1-9][0-9]{0,8}$/.test(digits)) throw invalid('has a record without a length');
    const end = position + Number(digits);
    if (end > bytes.length || end <= space + 1 || bytes[end - 1] !== 0x0a) throw invalid('has a record with a wrong length');
    const equals = bytes.indexOf(0x3d, space);
    if (equals < 0 || equals >= end) throw invalid('has a record without a value');
    const key = bytes.toString('utf8', space + 1, equals);
    const value = bytes.subarray(equals + 1, end - 1);
    if (key === 'path' || key === 'linkpath') fields[key] = value;
    else if (key === 'size' || key === 'uid' || key === 'gid' || key === 'mtime')
      fields[key] = decimal(value.toString('latin1'), key, invalid);
    else if (!ignored.test(key)) {
      throw debianErrors.error(
        'DEBIAN_TAR_UNSUPPORTED',
        `${what}: a PAX header says ${JSON.stringify(key.slice(0, 80))}, which is not supported`,
      );
    }
    position = end;
  }
  return fields;
}

function decimal(text: string, key: string, invalid: (why: string) => Error): number {
  const match = /^([0-9]{1,16})(?:\.[0-9]{0,18})?$/.exec(text);
  if (match === null || (key !== 'mtime' && text.includes('.'))) throw invalid(`has a ${key} that is not a number`);
  const value = Number(match[1]);
  if (!Number.isSafeInteger(value)) throw invalid(`has a ${key} that is too large`);
  return value;
}
