import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A directory of the test's own. */
export async function place(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'colophon-server-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}
