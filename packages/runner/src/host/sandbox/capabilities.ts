/**
 * What root inside a step may do: own any of its files, change ids, signal its own, install file capabilities (dpkg), listen below 1024.
 * All of it counts in the task's user namespace alone. No SYS_ADMIN (mounts), NET_ADMIN, NET_RAW, SYS_PTRACE, MKNOD; no SETPCAP:
 * nothing can be gained back. A step that runs as another user has none.
 */
export const stepCapabilities = [
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_SETGID',
  'CAP_SETUID',
  'CAP_SETFCAP',
  'CAP_NET_BIND_SERVICE',
  'CAP_SYS_CHROOT',
] as const;
