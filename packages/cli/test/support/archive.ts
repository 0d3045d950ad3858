import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  serveMirror,
  suiteFiles,
  testKey,
  type TestKey,
  type TestMirror,
  type TestPackage,
} from '../../../debian/test/support/mini-archive.ts';

export { debOf, poolPath, sha256, suiteDate, type TestPackage } from '../../../debian/test/support/mini-archive.ts';

/** A signed archive of one suite on loopback, with its keyring as a file. */
export interface Archive {
  readonly mirror: TestMirror;
  readonly keyring: string;
  readonly key: TestKey;
  publish(packages: readonly TestPackage[], date?: Date): Promise<void>;
}

export async function openArchive(directory: string): Promise<Archive> {
  const key = await testKey('Test archive');
  const keyring = join(directory, 'keyring.asc');
  await writeFile(keyring, key.public);
  const mirror = await serveMirror(new Map());
  return {
    mirror,
    keyring,
    key,
    async publish(packages, date = new Date(Date.now() - 3_600_000)) {
      const old = mirror.files;
      mirror.files = await suiteFiles({ name: 'trixie', packages, keys: [key], date });
      // A pool keeps what was published before.
      for (const [path, bytes] of old) if (path.startsWith('pool/') && !mirror.files.has(path)) mirror.files.set(path, bytes);
    },
  };
}
