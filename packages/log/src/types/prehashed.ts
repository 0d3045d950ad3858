import { constants, createECDH, publicDecrypt, type ECDH, type KeyObject } from 'node:crypto';
import { readDer } from './der.ts';

/*
 * Node verifies messages, never digests; a hashedrekord brings only the digest. RSA: open the signature and compare
 * the encoded digest (RFC 8017 section 8.2.2). ECDSA (FIPS 186-5 section 6.4.2): the verifier needs the x coordinate of
 * (z/s)G + (r/s)Q = (r/s) * ((z/r)G + Q). OpenSSL, through ECDH, does both multiplications, and of the second
 * gives just that coordinate; one addition in between is ours. Everything here is public, so timing tells nothing.
 */

interface Curve {
  readonly name: string;
  readonly p: bigint;
  readonly n: bigint;
  readonly bytes: number;
}

const curves: Readonly<Record<string, Curve>> = {
  prime256v1: {
    name: 'prime256v1',
    p: 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn,
    n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    bytes: 32,
  },
  secp384r1: {
    name: 'secp384r1',
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    bytes: 48,
  },
  secp521r1: {
    name: 'secp521r1',
    p: 2n ** 521n - 1n,
    n: 0x1fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
    bytes: 66,
  },
};

const digestInfo: Readonly<Record<string, string>> = {
  sha256: '3031300d060960864801650304020105000420',
  sha384: '3041300d060960864801650304020205000430',
  sha512: '3051300d060960864801650304020305000440',
};

/** Whether the signature is over this digest; throws on anything malformed. ECDSA (DER) and RSA PKCS #1 v1.5. */
export function verifyPrehashed(
  key: KeyObject,
  algorithm: 'sha256' | 'sha384' | 'sha512',
  digest: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (key.asymmetricKeyType === 'rsa') {
    if (signature.length !== Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8)) return false;
    const opened = publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, signature);
    return opened.equals(Buffer.concat([Buffer.from(digestInfo[algorithm] as string, 'hex'), digest]));
  }
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ''];
  if (key.asymmetricKeyType !== 'ec' || curve === undefined) return false;
  const spki = key.export({ type: 'spki', format: 'der' });
  return verifyEcdsa(curve, spki.subarray(-2 * curve.bytes - 1), digest, signature);
}

function verifyEcdsa(curve: Curve, publicPoint: Buffer, digest: Uint8Array, signature: Uint8Array): boolean {
  const { n } = curve;
  const [r, s] = readSignature(signature);
  if (r <= 0n || r >= n || s <= 0n || s >= n) return false;
  // One inversion for both: 1/r = s/(rs), 1/s = r/(rs).
  const inverse = invert(r * s, n);
  const sum = addToMultipleOfG(curve, publicPoint, mod(leftmost(digest, n) * mod(s * inverse, n), n));
  if (sum === undefined) return false;
  const ecdh = multiplier(curve);
  ecdh.setPrivateKey(toBytes(mod(r * mod(r * inverse, n), n), curve.bytes));
  return mod(toNumber(ecdh.computeSecret(sum)), n) === r;
}

/** scalar * G + Q as an uncompressed point; undefined for the point at infinity. */
function addToMultipleOfG(curve: Curve, publicPoint: Buffer, scalar: bigint): Buffer | undefined {
  if (scalar === 0n) return publicPoint;
  const { p, bytes } = curve;
  const ecdh = multiplier(curve);
  ecdh.setPrivateKey(toBytes(scalar, bytes));
  const [x1, y1] = coordinates(ecdh.getPublicKey(), bytes);
  const [x2, y2] = coordinates(publicPoint, bytes);
  if (x1 === x2 && y1 !== y2) return undefined;
  const slope = x1 === x2 ? mod((3n * x1 * x1 - 3n) * invert(2n * y1, p), p) : mod((y2 - y1) * invert(x2 - x1, p), p);
  const x = mod(slope * slope - x1 - x2, p);
  const y = mod(slope * (x1 - x) - y1, p);
  return Buffer.concat([Buffer.of(0x04), toBytes(x, bytes), toBytes(y, bytes)]);
}

const multipliers = new Map<string, ECDH>();

/** Making one costs as much as using it. */
function multiplier({ name }: Curve): ECDH {
  const ecdh = multipliers.get(name) ?? createECDH(name);
  multipliers.set(name, ecdh);
  return ecdh;
}

function coordinates(point: Buffer, bytes: number): [bigint, bigint] {
  return [toNumber(point.subarray(1, 1 + bytes)), toNumber(point.subarray(1 + bytes))];
}

/** ECDSA-Sig-Value, RFC 3279 section 2.2.3, in strict DER. */
function readSignature(signature: Uint8Array): [bigint, bigint] {
  const sequence = readDer(signature);
  const [r, s, ...rest] = sequence.children();
  if (sequence.tag !== 0x30 || r?.tag !== 0x02 || s?.tag !== 0x02 || rest.length > 0) throw new RangeError('not an ECDSA signature');
  return [r.integer(), s.integer()];
}

/** The leftmost bits of the digest, as many as the order has. */
function leftmost(digest: Uint8Array, n: bigint): bigint {
  const excess = digest.length * 8 - n.toString(2).length;
  const value = toNumber(digest);
  return excess > 0 ? value >> BigInt(excess) : value;
}

function mod(value: bigint, m: bigint): bigint {
  const rest = value % m;
  return rest < 0n ? rest + m : rest;
}

function invert(value: bigint, m: bigint): bigint {
  let [x, y] = [mod(value, m), m];
  let [u, v] = [1n, 0n];
  while (y !== 0n) {
    const quotient = x / y;
    [x, y] = [y, x - quotient * y];
    [u, v] = [v, u - quotient * v];
  }
  return mod(u, m);
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex') || '0'}`);
}

function toBytes(value: bigint, length: number): Buffer {
  return Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex');
}
