/** Ids of a step: 0 to 65535 inside are these outside, so that root inside is nobody outside. */
export const firstId = 100_000;
export const idCount = 65_536;

/** An empty directory that every id may pass; a step's mounts are put together below it, in a mount namespace of their own. */
export const stage = '/run/colophon-stage';

export interface StagePlan {
  /** Read-only lower directory: the shared, id-shifted root file system. */
  readonly rootfs: string;
  /** Holds upper and work of the overlay. */
  readonly scratch: string;
  /** Host directories by number; they become `stage/v/N`. */
  readonly binds: readonly { readonly source: string; readonly readOnly: boolean }[];
  /** Paths inside that must exist before a bind mount is made there. */
  readonly mountPoints: readonly string[];
}

const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Overlay option values: commas, colons and backslashes have a meaning there. */
const overlayPath = (path: string) => quote(path.replace(/[\\,:]/g, (character) => `\\${character}`));

/**
 * The shell program that a step's process runs first, as the host's root in a new mount namespace: it mounts the overlay and the host directories below the
 * stage, then enters a new user namespace, waits for its ids, becomes root in there (nobody outside), makes the mount points with no more right than that,
 * and runs bubblewrap. Every path in it was made by the host; what an author controls (mount points) is used only after the change of ids.
 */
export function setupScript({ rootfs, scratch, binds, mountPoints }: StagePlan): string {
  const lines = [
    'set -e',
    `mount -t tmpfs -o mode=755,size=1m,nosuid,nodev colophon ${stage}`,
    `mkdir ${stage}/root ${stage}/v ${binds.map((_bind, index) => `${stage}/v/${index}`).join(' ')}`,
    `mount -t overlay overlay -o lowerdir=${overlayPath(rootfs)},upperdir=${overlayPath(`${scratch}/upper`)},workdir=${overlayPath(`${scratch}/work`)} ${stage}/root`,
    ...binds.flatMap(({ source, readOnly }, index) => {
      const target = `${stage}/v/${index}`;
      return [
        `[ -d ${quote(source)} ] || { rmdir ${target}; : > ${target}; }`,
        `mount --bind ${quote(source)} ${target}`,
        `mount -o remount,bind,nosuid,nodev${readOnly ? ',ro' : ''} ${target}`,
      ];
    }),
    `exec unshare -U --keep-caps /bin/sh -c ${quote(innerScript(mountPoints))} colophon "$@"`,
  ];
  return lines.join('\n');
}

function innerScript(mountPoints: readonly string[]): string {
  const make =
    mountPoints.length === 0
      ? ':'
      : `mkdir -p -m 755 ${mountPoints.map((path) => quote(`${stage}/root${path}`)).join(' ')} 2>/dev/null || :`;
  return [
    `echo ready >&4`,
    `read -r go <&3`,
    `exec 3<&- 4>&-`,
    `exec setpriv --reuid 0 --regid 0 --clear-groups /bin/sh -c ${quote(`${make}; exec "$@"`)} colophon "$@"`,
  ].join('\n');
}
