import { mkdtemp, rm } from 'node:fs/promises';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskMountOptions, makeDisk } from '../sandbox/disk.ts';
import { runHelper } from '../sandbox/process.ts';
import type { HostMode } from './mode.ts';
import type { Tools } from './tools.ts';

export type DiskQuota = 'disk' | 'tmpfs' | 'none';

/**
 * How what a task writes can be bounded here: a disk image mounted through a loop device (root host), a sized tmpfs (memory), or not at all. Overlays need extended
 * attributes of users on tmpfs, which came with Linux 6.6. Tries it: containers often have no loop devices.
 */
export async function diskQuota(mode: HostMode, tools: Tools): Promise<DiskQuota> {
  if (mode.kind === 'root' && tools['mkfs.ext4'] !== undefined && (await canMountDisks(tools))) return 'disk';
  return kernelAtLeast(6, 6) ? 'tmpfs' : 'none';
}

async function canMountDisks(tools: Tools): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'colophon-disk-'));
  try {
    const disk = join(folder, 'disk');
    await makeDisk(tools, disk, 4 * 2 ** 20);
    // In a mount namespace that ends with the command: nothing to clean up.
    const script = 'mount -o "$0" "$1" "$2"';
    await runHelper(tools.unshare ?? 'unshare', [
      '--mount',
      '--propagation',
      'private',
      tools.sh ?? 'sh',
      '-c',
      script,
      diskMountOptions,
      disk,
      folder,
    ]);
    return true;
  } catch {
    return false;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export function kernelAtLeast(major: number, minor: number, version = release()): boolean {
  const [first = 0, second = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return first > major || (first === major && second >= minor);
}
