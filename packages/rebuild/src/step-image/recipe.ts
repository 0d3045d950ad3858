import { readProvenance, type InTotoStatement } from '@colophon/attest';
import type { Digest } from '@colophon/core';
import { parseLock, type Lock } from '@colophon/debian';
import { parseImageSpec, type ImageSpec } from '@colophon/image';
import { rebuildErrors } from '../errors.ts';

/** Images that the control plane assembles by itself: the step images. Its page is docs/formats/buildtype-image-v1.md. */
export const imageBuildType = 'https://colophon.dev/buildtypes/image/v1';

/** What a step image was made of, all of it by hash. */
export interface Recipe {
  readonly subject: { readonly repository: string; readonly digest: Digest };
  readonly spec: ImageSpec;
  readonly lock: Lock;
  readonly encoder: string;
  /** Local files by their path in the image. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** The recipe in a verified statement; undefined if it is of another build type. Throws REBUILD_RECORD_INVALID, REBUILD_SUBJECT_UNKNOWN. */
export function readRecipe(statement: InTotoStatement, digest: Digest): Recipe | undefined {
  const { buildType, externalParameters, internalParameters, dependencies } = readProvenance(statement);
  if (buildType !== imageBuildType) return undefined;
  const subject = statement.subject?.find((one) => one.digest['sha256'] === digest.slice('sha256:'.length));
  if (subject?.name === undefined) throw rebuildErrors.error('REBUILD_SUBJECT_UNKNOWN', `the provenance says nothing of ${digest}`);
  const { spec, lock } = externalParameters;
  const { encoder } = internalParameters;
  try {
    return {
      subject: { repository: subject.name, digest },
      spec: parseImageSpec(JSON.stringify(spec), 'the recorded specification'),
      lock: parseLock(JSON.stringify(lock)),
      encoder: typeof encoder === 'string' ? encoder : '',
      files: dependencies.flatMap(({ name, uri, digest: hash }) =>
        uri === undefined && name !== undefined ? [localFile(name, hash?.['sha256'])] : [],
      ),
    };
  } catch (cause) {
    throw rebuildErrors.error('REBUILD_RECORD_INVALID', `the recipe of ${subject.name} cannot be followed: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The path decides where the file is staged: it may not lead out. */
function localFile(path: string, sha256: string | undefined): { path: string; sha256: string } {
  const parts = path.slice(1).split('/');
  if (!path.startsWith('/') || parts.some((part) => part === '' || part === '.' || part === '..' || part.includes('\0'))) {
    throw new TypeError(`${JSON.stringify(path.slice(0, 200))} is no path in an image`);
  }
  if (sha256 === undefined || !/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError(`${path} has no SHA-256`);
  return { path, sha256 };
}
