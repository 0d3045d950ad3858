import type { Digest } from '@colophon/core';
import type { Database } from '@colophon/store';
import { ociErrors } from '../errors.ts';
import type { Descriptor } from '../types/descriptor.ts';
import { mediaTypes } from '../types/media-types.ts';
import type { ManifestRow } from './tables.ts';
import type { Registry } from './types.ts';

/** Bytes of one page: a list is a manifest too, and clients read at most 4 MiB of those. */
const pageBytes = 3 << 20;
const pageRows = 2000;

export function referrerMethods(database: Database): Pick<Registry, 'referrers' | 'referrersPage'> {
  const referrersPage: Registry['referrersPage'] = async (repository, digest, { artifactType, last } = {}) => {
    const [after, afterDigest] = parseCursor(last);
    const rows = await database.all<ManifestRow>(
      `SELECT * FROM manifests WHERE repository = ?1 AND subject = ?2 AND (?3 IS NULL OR artifact_type = ?3) AND (pushed_at, digest) > (?4, ?5)
       ORDER BY pushed_at, digest LIMIT ?6`,
      [repository, digest, artifactType ?? null, after, afterDigest, pageRows + 1],
    );
    const manifests: Descriptor[] = [];
    let size = 0;
    for (const row of rows) {
      const descriptor = descriptorOf(row);
      size += JSON.stringify(descriptor).length;
      if (manifests.length === pageRows || (size > pageBytes && manifests.length > 0)) break;
      manifests.push(descriptor);
    }
    const end = manifests.length < rows.length ? rows[manifests.length - 1] : undefined;
    return {
      index: { schemaVersion: 2, mediaType: mediaTypes.index, manifests },
      ...(end === undefined ? {} : { next: `${end.pushed_at}!${end.digest}` }),
    };
  };

  return {
    referrersPage,
    async referrers(repository, digest, artifactType) {
      const manifests: Descriptor[] = [];
      for (let last: string | undefined = ''; last !== undefined;) {
        const page: Awaited<ReturnType<Registry['referrersPage']>> = await referrersPage(repository, digest, {
          ...(artifactType === undefined ? {} : { artifactType }),
          ...(last === '' ? {} : { last }),
        });
        manifests.push(...page.index.manifests);
        last = page.next;
      }
      return { schemaVersion: 2, mediaType: mediaTypes.index, manifests };
    },
  };
}

function descriptorOf(row: ManifestRow): Descriptor {
  return {
    mediaType: row.media_type,
    digest: row.digest as Digest,
    size: row.size,
    ...(row.artifact_type === null ? {} : { artifactType: row.artifact_type }),
    ...(row.annotations === null ? {} : { annotations: JSON.parse(row.annotations) as Record<string, string> }),
  };
}

/** Ours, but it comes back through a client. */
function parseCursor(cursor: string | undefined): [string, string] {
  if (cursor === undefined) return ['', ''];
  const match = /^([0-9TZ:.-]{1,40})!([a-z0-9:]{1,150})$/.exec(cursor);
  if (match === null) throw ociErrors.error('OCI_UNSUPPORTED', 'not a place in the list of referrers', { status: 400 });
  return [match[1] as string, match[2] as string];
}
