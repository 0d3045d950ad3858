import { link, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode, isDigest, type Digest } from '@colophon/core';
import { durable, type BlobStore } from '@colophon/store';

/*
 * A blob that nobody names may be named the next moment: a push that finds it there does not send it again. So beside a running server a blob is first
 * taken out of sight, then, after longer than any such push can hesitate, looked for in everything that could name it; named, it
 * comes back, unnamed, it goes. A crash leaves it in `DATA/pruned`, from where the next prune or backup puts it back.
 */

export interface Quarantine {
  /** False: it was gone already. */
  add(digest: Digest): Promise<boolean>;
  giveBack(digest: Digest): Promise<void>;
  remove(digest: Digest): Promise<void>;
}

const folder = (root: string) => join(root, 'pruned');
const nameOf = (digest: Digest) => digest.replace(':', '-');

export async function openQuarantine(root: string, blobs: BlobStore): Promise<Quarantine> {
  await settleQuarantine(root, blobs);
  await durable.createDirectory(folder(root));
  const place = (digest: Digest) => join(folder(root), nameOf(digest));
  return {
    async add(digest) {
      try {
        await durable.moveInto(blobs.path(digest), place(digest));
        return true;
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return false;
        throw error;
      }
    },
    giveBack: (digest) => giveBack(place(digest), digest, blobs),
    remove: (digest) => rm(place(digest), { force: true }),
  };
}

/** Puts back what a prune that was cut off had taken out of sight. */
export async function settleQuarantine(root: string, blobs: BlobStore): Promise<void> {
  for (const name of await readdir(folder(root)).catch(() => [])) {
    const digest = name.replace('-', ':');
    if (isDigest(digest)) await giveBack(join(folder(root), name), digest, blobs);
  }
}

/** A blob that came anew meanwhile is as good. */
async function giveBack(from: string, digest: Digest, blobs: BlobStore): Promise<void> {
  const target = blobs.path(digest);
  await durable.createDirectory(dirname(target));
  await link(from, target).catch((error: unknown) => (errorCode(error) === 'EEXIST' ? undefined : Promise.reject(error)));
  await durable.syncDirectory(dirname(target));
  await rm(from, { force: true });
}
