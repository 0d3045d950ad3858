import { Refusal } from './status.ts';

/** A message: field number → name and what is in it. */
interface Shape {
  readonly [field: number]: readonly [name: string, kind: 'text' | 'bytes' | 'texts' | 'map' | 'bytemap' | Shape];
}

const metadata: Shape = {
  1: ['name', 'text'],
  2: ['generateName', 'text'],
  3: ['namespace', 'text'],
  11: ['labels', 'map'],
  12: ['annotations', 'map'],
  14: ['finalizers', 'texts'],
};
const attributes: Shape = {
  1: ['namespace', 'text'],
  2: ['verb', 'text'],
  3: ['group', 'text'],
  4: ['version', 'text'],
  5: ['resource', 'text'],
  6: ['subresource', 'text'],
  7: ['name', 'text'],
};

/** The kinds that kubectl sends in protobuf, whatever the server would like better (k8s.io/api generated.proto). */
const shapes: Readonly<Record<string, Shape>> = {
  ConfigMap: { 1: ['metadata', metadata], 2: ['data', 'map'], 3: ['binaryData', 'bytemap'] },
  Secret: { 1: ['metadata', metadata], 2: ['data', 'bytemap'], 3: ['type', 'text'], 4: ['stringData', 'map'] },
  Namespace: { 1: ['metadata', metadata] },
  DeleteOptions: {
    2: ['preconditions', { 1: ['uid', 'text'], 2: ['resourceVersion', 'text'] }],
    4: ['propagationPolicy', 'text'],
    5: ['dryRun', 'texts'],
  },
  SelfSubjectReview: {},
  SelfSubjectAccessReview: {
    1: ['metadata', metadata],
    2: ['spec', { 1: ['resourceAttributes', attributes], 2: ['nonResourceAttributes', { 1: ['path', 'text'], 2: ['verb', 'text'] }] }],
  },
};

const unknown: Shape = { 1: ['type', { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] }], 2: ['raw', 'bytes'] };

/** Kubernetes' protobuf envelope (`k8s\0`, runtime.Unknown) of one of the kinds above, as the JSON object. The attacker controls every byte. */
export function decodeProtobuf(body: Buffer): Record<string, unknown> {
  if (body.subarray(0, 4).toString('latin1') !== 'k8s\0') throw broken();
  const envelope = decode(body.subarray(4), unknown) as { type?: { apiVersion?: string; kind?: string }; raw?: Buffer };
  const { apiVersion = '', kind = '' } = envelope.type ?? {};
  const shape = Object.hasOwn(shapes, kind) ? shapes[kind] : undefined;
  if (shape === undefined) throw new Refusal(415, `${JSON.stringify(kind.slice(0, 100))} is not read from protobuf here: send JSON`);
  return { apiVersion, kind, ...decode(envelope.raw ?? Buffer.alloc(0), shape) };
}

function decode(bytes: Buffer, shape: Shape): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const { field, value } of fields(bytes)) {
    const known = shape[field];
    if (known === undefined || !Buffer.isBuffer(value)) continue;
    const [name, kind] = known;
    if (kind === 'text') message[name] = value.toString();
    else if (kind === 'bytes') message[name] = value;
    else if (kind === 'texts') message[name] = [...((message[name] as string[] | undefined) ?? []), value.toString()];
    else if (kind === 'map' || kind === 'bytemap') message[name] = { ...(message[name] as object | undefined), ...entry(value, kind) };
    else message[name] = decode(value, kind);
  }
  return message;
}

function entry(bytes: Buffer, kind: 'map' | 'bytemap'): Record<string, string> {
  const { key = '', value } = decode(bytes, { 1: ['key', 'text'], 2: ['value', 'bytes'] }) as { key?: string; value?: Buffer };
  if (key === '__proto__') throw broken();
  return { [key]: (value ?? Buffer.alloc(0)).toString(kind === 'map' ? 'utf8' : 'base64') };
}

function* fields(bytes: Buffer): Generator<{ field: number; value: number | Buffer }> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at];
      if (byte === undefined) throw broken();
      at += 1;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw broken();
  };
  const take = (length: number): Buffer => {
    if (length > bytes.length - at) throw broken();
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const tag = varint();
    const field = Math.floor(tag / 8);
    const wire = tag % 8;
    if (wire === 0) yield { field, value: varint() };
    else if (wire === 1) yield { field, value: take(8) };
    else if (wire === 2) yield { field, value: take(varint()) };
    else if (wire === 5) yield { field, value: take(4) };
    else throw broken();
  }
}

function broken(): Refusal {
  return new Refusal(400, 'the protobuf body cannot be decoded');
}
