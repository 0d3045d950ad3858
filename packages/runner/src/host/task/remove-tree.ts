import type { HostMode } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import { runHelper } from '../sandbox/process.ts';

/**
 * Removes a directory that steps wrote to: of any depth, with whatever names, following no link and crossing no mount. Rootless with a range of ids, files belong to
 * ids that only a user namespace can reach.
 */
export async function removeTree(path: string, mode: HostMode, tools: Tools): Promise<void> {
  const remove = [tools.rm ?? 'rm', '-rf', '--one-file-system', '--', path];
  const inside =
    mode.kind === 'rootless' && mode.ids === 'range' ? [tools.unshare ?? 'unshare', '--user', '--map-root-user', '--map-auto'] : [];
  const [file = 'rm', ...args] = [...inside, ...remove];
  await runHelper(file, args);
}
