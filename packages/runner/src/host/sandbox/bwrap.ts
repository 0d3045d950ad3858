import { stage } from './script.ts';

/**
 * What root inside a step may do: own files, change ids, signal its own. None of it reaches outside the step's user namespace; no SYS_ADMIN, so no mounts.
 */
const rootCapabilities = [
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'SETGID',
  'SETUID',
  'SETPCAP',
  'NET_BIND_SERVICE',
  'SYS_CHROOT',
];

export interface BubblewrapPlan {
  readonly mounts: readonly { readonly index: number; readonly path: string; readonly readOnly: boolean }[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDir: string;
  readonly uid: number;
  readonly gid: number;
  readonly readOnlyRoot: boolean;
  readonly hostname: string;
  /** File descriptors inside the child: the seccomp program, and where to write the child's pid. */
  readonly seccompFd?: number;
  readonly infoFd: number;
  /** With a relay: start waits until something can be read here. */
  readonly blockFd?: number;
  readonly argv: readonly string[];
}

/** Arguments of bubblewrap (bwrap(1)), run by root of the step's user namespace. */
export function bubblewrapArguments(plan: BubblewrapPlan): string[] {
  const { uid, gid } = plan;
  return [
    'bwrap',
    plan.readOnlyRoot ? '--ro-bind' : '--bind',
    `${stage}/root`,
    '/',
    '--proc',
    '/proc',
    '--dev',
    '/dev',
    ...plan.mounts.flatMap(({ index, path, readOnly }) => [readOnly ? '--ro-bind' : '--bind', `${stage}/v/${index}`, path]),
    ...['pid', 'ipc', 'uts', 'net', 'cgroup'].map((kind) => `--unshare-${kind}`),
    ...(uid === 0 ? [] : ['--unshare-user', '--uid', String(uid), '--gid', String(gid)]),
    '--hostname',
    plan.hostname,
    '--die-with-parent',
    '--new-session',
    '--cap-drop',
    'ALL',
    ...(uid === 0 ? rootCapabilities.flatMap((capability) => ['--cap-add', `CAP_${capability}`]) : []),
    '--clearenv',
    ...Object.entries(plan.env).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    plan.workingDir,
    ...(plan.seccompFd === undefined ? [] : ['--seccomp', String(plan.seccompFd)]),
    '--info-fd',
    String(plan.infoFd),
    ...(plan.blockFd === undefined ? [] : ['--block-fd', String(plan.blockFd)]),
    '--',
    ...plan.argv,
  ];
}
