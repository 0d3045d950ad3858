import { createHash } from 'node:crypto';

/*
 * Ed25519ph of RFC 8032 section 5.1, which Node does not offer. Verification only, of public data, a few
 * milliseconds each; such entries are rare.
 */
const p = 2n ** 255n - 19n;
const order = 2n ** 252n + 27742317777372353535851937790883648493n;
const d = mod(-121665n * power(121666n, p - 2n));
const sqrtOfMinusOne = power(2n, (p - 1n) / 4n);

/** Extended homogeneous coordinates: x = X/Z, y = Y/Z, xy = T/Z. */
interface Point {
  readonly x: bigint;
  readonly y: bigint;
  readonly z: bigint;
  readonly t: bigint;
}

/** Section 2: the prefix that tells Ed25519ph, with an empty context, from the others. */
const domain = 'SigEd25519 no Ed25519 collisions';
const base = decode(Buffer.from(`58${'66'.repeat(31)}`, 'hex')) as Point;
const neutral: Point = { x: 0n, y: 1n, z: 1n, t: 0n };

/** `digest` is SHA-512 of the message; the context is empty. */
export function verifyEd25519ph(publicKey: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || digest.length !== 64 || signature.length !== 64) return false;
  const r = signature.subarray(0, 32);
  const s = littleEndian(signature.subarray(32));
  const key = decode(publicKey);
  if (s >= order || key === undefined) return false;
  const dom2 = Buffer.concat([Buffer.from(domain), Buffer.of(1, 0)]);
  const hash = createHash('sha512').update(dom2).update(r).update(publicKey).update(digest).digest();
  const k = littleEndian(hash) % order;
  const negative: Point = { x: mod(-key.x), y: key.y, z: key.z, t: mod(-key.t) };
  return encode(add(multiply(base, s), multiply(negative, k))).equals(r);
}

function mod(value: bigint): bigint {
  const rest = value % p;
  return rest < 0n ? rest + p : rest;
}

function power(value: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = mod(value), e = exponent; e > 0n; e >>= 1n, square = (square * square) % p) {
    if (e & 1n) result = (result * square) % p;
  }
  return result;
}

/** Section 5.1.4. */
function add(a: Point, b: Point): Point {
  const m = mod((a.y - a.x) * (b.y - b.x));
  const n = mod((a.y + a.x) * (b.y + b.x));
  const c = mod(2n * d * a.t * b.t);
  const z = mod(2n * a.z * b.z);
  const [e, f, g, h] = [n - m, z - c, z + c, n + m];
  return { x: mod(e * f), y: mod(g * h), z: mod(f * g), t: mod(e * h) };
}

function multiply(point: Point, scalar: bigint): Point {
  let result = neutral;
  for (let addend = point, s = scalar; s > 0n; s >>= 1n, addend = add(addend, addend)) {
    if (s & 1n) result = add(result, addend);
  }
  return result;
}

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes.toReversed()).toString('hex')}`);
}

function encode({ x, y, z }: Point): Buffer {
  const inverse = power(z, p - 2n);
  const value = mod(y * inverse) | ((mod(x * inverse) & 1n) << 255n);
  return Buffer.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').toReversed());
}

/** Section 5.1.3; undefined for what is not the canonical encoding of a point. */
function decode(bytes: Uint8Array): Point | undefined {
  const value = littleEndian(bytes);
  const sign = value >> 255n;
  const y = value & (2n ** 255n - 1n);
  if (y >= p) return undefined;
  const [u, v] = [mod(y * y - 1n), mod(d * y * y + 1n)];
  let x = mod(u * v ** 3n * power(u * v ** 7n, (p - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * sqrtOfMinusOne);
  if (mod(v * x * x) !== u || (x === 0n && sign === 1n)) return undefined;
  if ((x & 1n) !== sign) x = p - x;
  return { x, y, z: 1n, t: mod(x * y) };
}
