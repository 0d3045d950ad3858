import { answer, assemble, data, label, load, test, type Line } from './bpf.ts';
import { callTable } from './calls.ts';

const actions = { allow: 0x7fff0000, killProcess: 0x80000000, EPERM: 0x00050001, ENOSYS: 0x00050026, EAFNOSUPPORT: 0x00050061 } as const;

/** CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h). */
const namespaceFlags = 0x7e020080;
/** TIOCSTI and TIOCLINUX put input into a terminal. */
const terminalInput = [0x5412, 0x541c];
/** AF_UNIX, AF_INET, AF_INET6, AF_NETLINK. Not AF_VSOCK (it leads past network namespaces to a hypervisor), AF_ALG, AF_PACKET and the rest. */
const families = [1, 2, 10, 16];
/** All but ADDR_NO_RANDOMIZE, UNAME26 and PER_LINUX32. */
const forbiddenPersonality = ~0x0006_0008 >>> 0;

/**
 * The filter of a step's system calls: no mounts, no namespaces, no tracing, nothing that loads code into the kernel or is a frequent way
 * into it, no other architecture's calls, none that is newer than this list. A list of refusals: compilers and package managers are ordinary steps.
 * It is one layer; a step has no capability over the host anyway. Undefined for an architecture without a table.
 */
export function seccompFilter(architecture: string = process.arch): Buffer | undefined {
  const table = callTable(architecture);
  if (table === undefined) return undefined;
  const { closer } = table;
  const program: Line[] = [
    load(data.architecture),
    test('equal', table.audit, undefined, 'kill'),
    load(data.call),
    // x32's calls have a high bit set; they end here too.
    test('atLeast', table.newest + 1, 'absent'),
    // clone3's flags are in memory, where a filter cannot look: "not there" makes the C library use clone.
    test('equal', closer.clone3, 'absent'),
    ...table.denied.map((call) => test('equal', call, 'refuse')),
    test('equal', closer.clone, 'clone'),
    test('equal', closer.ioctl, 'ioctl'),
    test('equal', closer.socket, 'socket'),
    test('equal', closer.socketpair, 'socket'),
    test('equal', closer.personality, 'personality', 'allow'),
    label('clone'),
    load(data.argument(0)),
    test('anyBit', namespaceFlags, 'refuse', 'allow'),
    label('ioctl'),
    load(data.argument(1)),
    ...terminalInput.map((request) => test('equal', request, 'refuse')),
    answer(actions.allow),
    label('personality'),
    load(data.argument(0)),
    test('equal', 0xffffffff, 'allow'),
    test('anyBit', forbiddenPersonality, 'refuse', 'allow'),
    label('socket'),
    load(data.argument(0)),
    ...families.map((family) => test('equal', family, 'allow')),
    answer(actions.EAFNOSUPPORT),
    label('allow'),
    answer(actions.allow),
    label('refuse'),
    answer(actions.EPERM),
    label('absent'),
    answer(actions.ENOSYS),
    label('kill'),
    answer(actions.killProcess),
  ];
  return assemble(program);
}
