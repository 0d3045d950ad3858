import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

/** The helper programs of the machine that sandboxes are made with, and the Debian package of each. */
const packages = {
  bwrap: 'bubblewrap',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  mount: 'mount',
  umount: 'mount',
  sh: 'dash',
  rm: 'coreutils',
  mkfifo: 'coreutils',
  'mkfs.ext4': 'e2fsprogs',
  newuidmap: 'uidmap',
} as const;

export type Tool = keyof typeof packages;

/** Absolute paths of what is there. */
export type Tools = Readonly<Partial<Record<Tool, string>>>;

export const toolPackage = (tool: Tool): string => packages[tool];

/** Looked for on PATH and where Debian keeps the administrator's programs, which a user's PATH may lack. */
const path = [...new Set([...(process.env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'])].filter(
  (folder) => folder.startsWith('/'),
);

/** The whole environment of a helper program: nothing of ours reaches a sandbox through it. */
export const helperEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};

export function findTool(name: string): string | undefined {
  return path.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function findTools(): Tools {
  const found: Partial<Record<Tool, string>> = {};
  for (const tool of Object.keys(packages) as Tool[]) {
    const file = findTool(tool);
    if (file !== undefined) found[tool] = file;
  }
  return found;
}
