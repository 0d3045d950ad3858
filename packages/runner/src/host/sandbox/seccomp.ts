/*
 * The system calls that a step cannot make: whatever makes or enters namespaces, mounts, traces, loads code into the kernel, or is a frequent way into it. A list of
 * refusals, not of permissions: compilers and package managers are ordinary steps. Beside it stand the user namespace, no capabilities
 * over the host, and no_new_privs; this is one layer of several.
 */

interface Architecture {
  /** AUDIT_ARCH_* (linux/audit.h). */
  readonly audit: number;
  readonly clone: number;
  readonly clone3: number;
  readonly ioctl: number;
  readonly denied: readonly number[];
}

const architectures: Readonly<Record<string, Architecture>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    ioctl: 16,
    denied: [
      101, 103, 134, 136, 139, 153, 154, 155, 159, 161, 163, 164, 165, 166, 167, 168, 169, 172, 173, 175, 176, 179, 180, 212, 227, 246, 248,
      249, 250, 272, 298, 303, 304, 305, 308, 310, 311, 312, 313, 320, 321, 323, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442,
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    ioctl: 29,
    denied: [
      39, 40, 41, 51, 60, 89, 97, 104, 105, 106, 112, 116, 117, 142, 170, 171, 217, 218, 219, 224, 225, 241, 264, 265, 266, 268, 270, 271,
      272, 273, 280, 282, 294, 425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442,
    ],
  },
};

const LOAD = 0x20; // BPF_LD | BPF_W | BPF_ABS
const EQUAL = 0x15; // BPF_JMP | BPF_JEQ | BPF_K
const ANY_BIT = 0x45; // BPF_JMP | BPF_JSET | BPF_K
const AT_LEAST = 0x35; // BPF_JMP | BPF_JGE | BPF_K
const RETURN = 0x06; // BPF_RET | BPF_K
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x00050001;
const ENOSYS = 0x00050026;
/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h). */
const namespaceFlags = 0x7e020080;
/** TIOCSTI and TIOCLINUX put input into a terminal. */
const terminalInput = [0x5412, 0x541c];

type Instruction = readonly [code: number, value: number, whenTrue: number, whenFalse: number];

/** The filter as an array of `struct sock_filter` (linux/filter.h), little endian; undefined for an architecture that we have no table for. */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  const table = architectures[architecture];
  if (table === undefined) return undefined;
  const program: Instruction[] = [
    [LOAD, 4, 0, 0],
    [EQUAL, table.audit, 1, 0],
    [RETURN, KILL, 0, 0],
    [LOAD, 0, 0, 0],
    // The x32 calls of x86-64 would go around the numbers below.
    [AT_LEAST, 0x40000000, 0, 1],
    [RETURN, EPERM, 0, 0],
    // clone3's flags are in memory, where a filter cannot look: "not there" makes the C library use clone.
    [EQUAL, table.clone3, 0, 1],
    [RETURN, ENOSYS, 0, 0],
  ];
  program.push([EQUAL, table.clone, 0, 4], [LOAD, 16, 0, 0], [ANY_BIT, namespaceFlags, 1, 0], [RETURN, ALLOW, 0, 0], [RETURN, EPERM, 0, 0]);
  program.push([EQUAL, table.ioctl, 0, terminalInput.length + 3], [LOAD, 24, 0, 0]);
  terminalInput.forEach((request, index) => program.push([EQUAL, request, terminalInput.length - index, 0]));
  program.push([RETURN, ALLOW, 0, 0], [RETURN, EPERM, 0, 0]);
  table.denied.forEach((call, index) => program.push([EQUAL, call, table.denied.length - index, 0]));
  program.push([RETURN, ALLOW, 0, 0], [RETURN, EPERM, 0, 0]);
  return encode(program);
}

function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, value, whenTrue, whenFalse], index) => {
    bytes.writeUInt16LE(code, index * 8);
    bytes.writeUInt8(whenTrue, index * 8 + 2);
    bytes.writeUInt8(whenFalse, index * 8 + 3);
    bytes.writeUInt32LE(value >>> 0, index * 8 + 4);
  });
  return bytes;
}
