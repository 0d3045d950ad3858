import type { Tools } from '../machine/tools.ts';
import type { Nest } from './nest.ts';
import { runHelper } from './process.ts';

export interface Overlay {
  /** In the nest: an unpacked image, and a folder that holds `upper`, `work` and `root`, where it is mounted. */
  readonly lower: string;
  readonly scratch: string;
}

/**
 * Mounts what the steps of a task will have as their roots, all at once, as root of the task's user namespace: what that may not do, no overlay of it can be made to do. Extended
 * attributes of users hold what overlays note (kernel: filesystems/overlayfs, "userxattr"). They end with the nest.
 */
export async function mountOverlays(nest: Nest, tools: Tools, overlays: readonly Overlay[]): Promise<void> {
  const lines = overlays.map(
    ({ lower, scratch }) =>
      `${tools.mount ?? 'mount'} -i -t overlay overlay -o lowerdir=${lower},upperdir=${scratch}/upper,workdir=${scratch}/work,userxattr ${scratch}/root`,
  );
  await runHelper(tools.nsenter ?? 'nsenter', [...nest.enter, tools.sh ?? 'sh', '-c', ['set -e', ...lines].join('\n')]);
}
