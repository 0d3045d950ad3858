import { parseJson } from '@colophon/core';
import { parse } from 'yaml';
import { decodeProtobuf } from './protobuf.ts';
import { Refusal } from './status.ts';

/** The limit of the real API server. */
const limit = 3 << 20;

export async function readBytes(request: Request): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body ?? []) {
    size += chunk.length;
    if (size > limit) throw new Refusal(413, `Request entity too large: limit is ${limit}`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export function mediaType(request: Request): string {
  return (request.headers.get('content-type') ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** A body in JSON, YAML or, for a few kinds, protobuf. The attacker controls all of it; an empty one gives undefined. */
export async function readBody(request: Request): Promise<unknown> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  const type = mediaType(request);
  if (type === 'application/vnd.kubernetes.protobuf') return decodeProtobuf(bytes);
  if (type === 'application/yaml' || type === 'application/apply-patch+yaml') return parseYaml(bytes);
  if (type === 'application/json' || type === '*/*' || type.endsWith('+json')) return parseJson(bytes, 'the body');
  throw new Refusal(
    415,
    `the body of the request was in an unknown format - accepted media types include: application/json, application/yaml, application/vnd.kubernetes.protobuf`,
  );
}

function parseYaml(bytes: Buffer): unknown {
  const text = bytes.toString();
  if (text.trimStart().startsWith('{')) return parseJson(bytes, 'the body');
  try {
    // Through JSON: what YAML can say and JSON cannot ends here.
    return parseJson(JSON.stringify(parse(text, { maxAliasCount: 0 })), 'the body');
  } catch (cause) {
    throw new Refusal(400, `error decoding YAML: ${(cause as Error).message.slice(0, 300)}`);
  }
}
