import { rename, rm, truncate, writeFile } from 'node:fs/promises';
import { firstId } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import { runHelper } from './process.ts';

/**
 * A file that holds an ext4 of its own: what a step writes into it never exceeds its size, whoever it is written by, and
 * removing it is removing one file. Sparse: it takes the space of what is in it.
 */
export async function makeDisk(tools: Tools, file: string, bytes: number): Promise<void> {
  const temporary = `${file}.new`;
  try {
    await writeFile(temporary, '', { mode: 0o600 });
    await truncate(temporary, bytes);
    // No journal: a task's disk is not read again after a crash. Nothing reserved, nothing discarded, tables made lazily.
    const features = ['-O', '^has_journal,^resize_inode', '-E', `lazy_itable_init=1,nodiscard,root_owner=${firstId}:${firstId}`];
    await runHelper(tools['mkfs.ext4'] ?? 'mkfs.ext4', ['-q', '-F', '-m', '0', ...features, '-i', '16384', temporary]);
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}

export const diskMountOptions = 'loop,nosuid,nodev,noatime';

/** A task's disk goes with the task: nothing on it waits for the machine's own disk, and no thread of the kernel fills its inode tables. */
export const taskDiskMountOptions = `${diskMountOptions},nobarrier,noinit_itable`;
