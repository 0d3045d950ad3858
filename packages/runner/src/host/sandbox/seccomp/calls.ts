/** Numbers of system calls on x86-64 (asm/unistd_64.h) and on arm64 (asm-generic/unistd.h); -1 where there is none. */
const numbers = {
  // Mounts
  mount: [165, 40],
  umount2: [166, 39],
  pivot_root: [155, 41],
  move_mount: [429, 429],
  open_tree: [428, 428],
  open_tree_attr: [467, 467],
  fsopen: [430, 430],
  fsconfig: [431, 431],
  fsmount: [432, 432],
  fspick: [433, 433],
  mount_setattr: [442, 442],
  statmount: [457, 457],
  listmount: [458, 458],
  // Namespaces
  unshare: [272, 97],
  setns: [308, 268],
  // Other processes
  ptrace: [101, 117],
  process_vm_readv: [310, 270],
  process_vm_writev: [311, 271],
  process_madvise: [440, 440],
  process_mrelease: [448, 448],
  kcmp: [312, 272],
  pidfd_getfd: [438, 438],
  migrate_pages: [256, 238],
  move_pages: [279, 239],
  // Ways into the kernel
  bpf: [321, 280],
  perf_event_open: [298, 241],
  userfaultfd: [323, 282],
  io_uring_setup: [425, 425],
  io_uring_enter: [426, 426],
  io_uring_register: [427, 427],
  keyctl: [250, 219],
  add_key: [248, 217],
  request_key: [249, 218],
  init_module: [175, 105],
  finit_module: [313, 273],
  delete_module: [176, 106],
  create_module: [174, -1],
  query_module: [178, -1],
  get_kernel_syms: [177, -1],
  kexec_load: [246, 104],
  kexec_file_load: [320, 294],
  fanotify_init: [300, 262],
  lookup_dcookie: [212, 18],
  nfsservctl: [180, 42],
  uselib: [134, -1],
  ustat: [136, -1],
  sysfs: [139, -1],
  _sysctl: [156, -1],
  modify_ldt: [154, -1],
  // Files by handle go around mounts
  open_by_handle_at: [304, 265],
  name_to_handle_at: [303, 264],
  // The machine
  reboot: [169, 142],
  swapon: [167, 224],
  swapoff: [168, 225],
  acct: [163, 89],
  quotactl: [179, 60],
  quotactl_fd: [443, 443],
  settimeofday: [164, 170],
  clock_settime: [227, 112],
  clock_adjtime: [305, 266],
  sethostname: [170, 161],
  setdomainname: [171, 162],
  iopl: [172, -1],
  ioperm: [173, -1],
  syslog: [103, 116],
  vhangup: [153, 58],
} as const satisfies Readonly<Record<string, readonly [x64: number, arm64: number]>>;

/** Calls that are looked at more closely. */
const closer = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  socket: [41, 198],
  socketpair: [53, 199],
  personality: [135, 92],
} as const;

export interface CallTable {
  /** AUDIT_ARCH_* (linux/audit.h). */
  readonly audit: number;
  readonly denied: readonly number[];
  readonly closer: Readonly<Record<keyof typeof closer, number>>;
  /** The newest call that we know: what comes after it is not there (listns, Linux 6.19). */
  readonly newest: number;
}

/** The calls that a step cannot make, by name, with their numbers. */
export function deniedCalls(architecture: string): readonly (readonly [name: string, number: number])[] {
  const column = architecture === 'x64' ? 0 : 1;
  return Object.entries(numbers)
    .map(([name, pair]) => [name, pair[column]] as const)
    .filter(([, number]) => number >= 0);
}

/** Undefined for an architecture that we have no numbers for. */
export function callTable(architecture: string): CallTable | undefined {
  const column = architecture === 'x64' ? 0 : architecture === 'arm64' ? 1 : undefined;
  if (column === undefined) return undefined;
  return {
    audit: column === 0 ? 0xc000003e : 0xc00000b7,
    denied: Object.values(numbers)
      .map((pair) => pair[column])
      .filter((number) => number >= 0),
    closer: Object.fromEntries(Object.entries(closer).map(([name, pair]) => [name, pair[column]])) as CallTable['closer'],
    newest: 470,
  };
}
