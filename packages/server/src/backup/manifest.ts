import { z } from 'zod';
import { parseJson } from '@colophon/core';
import { invalid } from './tar-reader.ts';

/** First file of the archive: what it is. */
export const headerName = 'backup.json';
/** Last file: every other one with its SHA-256. Without it the archive is cut off. */
export const manifestName = 'manifest.json';

const header = z.strictObject({
  kind: z.literal('colophon-backup'),
  version: z.literal(1),
  /** Of the program that wrote it. */
  colophon: z.string().max(100),
  dataVersion: z.int().positive(),
  /** RFC 3339. */
  created: z.iso.datetime(),
  /** Are the private keys and the administrator's token in it? */
  keys: z.boolean(),
});

const manifest = z.strictObject({
  files: z.array(z.strictObject({ path: z.string(), size: z.int().nonnegative(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type BackupHeader = z.output<typeof header>;
export type BackupManifest = z.output<typeof manifest>;

export function parseHeader(data: Uint8Array): BackupHeader {
  return parse(header, data, headerName);
}

export function parseManifest(data: Uint8Array): BackupManifest {
  return parse(manifest, data, manifestName);
}

function parse<Value>(schema: z.ZodType<Value>, data: Uint8Array, name: string): Value {
  let value: unknown;
  try {
    value = parseJson(data, name);
  } catch {
    throw invalid(`${name} is no JSON`);
  }
  const result = schema.safeParse(value);
  if (!result.success) throw invalid(`${name}: ${result.error.issues[0]?.path.join('.') ?? ''} ${result.error.issues[0]?.message ?? ''}`);
  return result.data;
}

const allowed =
  /^(?:version|tokens\.json|admin\.token|objects\.sqlite|registry\.sqlite|keys\/[a-z.]+|log\/(?:log\.json|log\.sqlite|checkpoint|journal\/[0-9]+|(?:tile|record)\/[a-z0-9./]+)|runs\/[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+|blobs\/sha(?:256|384|512)\/[0-9a-f]{2}\/[0-9a-f]+|inputs\/repositories\/[0-9a-f]+\.git\/(?:HEAD|packed-refs|shallow|refs\/[A-Za-z0-9._/-]+|objects\/(?:[0-9a-f]{2}|pack)\/[A-Za-z0-9._-]+))$/;

/** Only paths that a backup of ours can hold: none leads out of the data directory, none is a configuration or hook that git would run. */
export function checkPath(path: string): string {
  if (path.length > 1000 || !allowed.test(path) || path.split('/').some((part) => part === '' || part === '.' || part === '..'))
    throw invalid(`${JSON.stringify(path.slice(0, 200))} has no place in a data directory`);
  return path;
}
