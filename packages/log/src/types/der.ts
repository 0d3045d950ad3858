import { logErrors } from '../errors.ts';

/**
 * One element of strict DER (X.690): definite, minimal lengths, nothing after the element, tags below 31. The
 * attacker writes the bytes; reading is linear and every access is bounded. Throws LOG_ENTRY_INVALID.
 */
export interface Der {
  /** Identifier octet: class, constructed bit and tag number. */
  readonly tag: number;
  readonly content: Buffer;
  /** The whole element, header included. */
  readonly raw: Buffer;
  children(): Der[];
  /** A non-negative or negative INTEGER, minimal. */
  integer(): bigint;
  /** OBJECT IDENTIFIER in dotted form. */
  oid(): string;
}

export function readDer(bytes: Uint8Array): Der {
  const { element, end } = readAt(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0);
  if (end !== bytes.length) throw malformed('bytes after the element');
  return element;
}

function readAt(data: Buffer, start: number): { element: Der; end: number } {
  const tag = data[start];
  const first = data[start + 1];
  if (tag === undefined || first === undefined) throw malformed('cut off');
  if ((tag & 0x1f) === 0x1f) throw malformed('a long tag');
  let length = first;
  let offset = start + 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4 || offset + count > data.length) throw malformed('a bad length');
    length = data.readUIntBE(offset, count);
    offset += count;
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw malformed('a length that is not minimal');
  }
  const end = offset + length;
  if (end > data.length) throw malformed('cut off');
  const content = data.subarray(offset, end);
  return { element: element(tag, content, data.subarray(start, end)), end };
}

function element(tag: number, content: Buffer, raw: Buffer): Der {
  return {
    tag,
    content,
    raw,
    children() {
      if ((tag & 0x20) === 0) throw malformed('an element that should hold others');
      const found: Der[] = [];
      for (let offset = 0; offset < content.length;) {
        const next = readAt(content, offset);
        found.push(next.element);
        offset = next.end;
      }
      return found;
    },
    integer() {
      const [first, second = 0] = content;
      if (first === undefined || (content.length > 1 && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80)))) {
        throw malformed('an integer that is not minimal');
      }
      return BigInt.asIntN(content.length * 8, BigInt(`0x${content.toString('hex')}`));
    },
    oid: () => readOid(content),
  };
}

function readOid(content: Buffer): string {
  const arcs: number[] = [];
  let value = 0;
  for (const [index, byte] of content.entries()) {
    if (value === 0 && byte === 0x80) throw malformed('an object identifier that is not minimal');
    value = value * 128 + (byte & 0x7f);
    if (value > 2 ** 40) throw malformed('an object identifier that is too large');
    if (byte < 0x80) {
      arcs.push(value);
      value = 0;
    } else if (index === content.length - 1) throw malformed('an object identifier that is cut off');
  }
  const [first] = arcs;
  if (first === undefined) throw malformed('an empty object identifier');
  const root = Math.min(2, Math.floor(first / 40));
  return [root, first - 40 * root, ...arcs.slice(1)].join('.');
}

function malformed(what: string): Error {
  return logErrors.error('LOG_ENTRY_INVALID', `DER is malformed: ${what}`);
}
