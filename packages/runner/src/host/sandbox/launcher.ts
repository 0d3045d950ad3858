import { runnerErrors } from '../../errors.ts';

/** Who a step runs as, and what it runs: the first of these files that can be executed. */
export interface LauncherPlan {
  /** Absent: ids stay as they are (a rootless host with a single id). */
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly candidates: readonly string[];
  /** Printed to standard error when none can be. */
  readonly failure: string;
}

const loadAddress = 0x400000;
const headers = 64 + 56;

/**
 * A static ELF executable of a few hundred bytes that takes on the ids of a step's user and executes the step's program with
 * its own further arguments and its environment; exit code 127 when there is nothing to execute, 125 when the ids are refused. It is the first thing that runs in a sandbox: images
 * (distroless ones) hold no program that could do it, bubblewrap 0.8 cannot change ids without giving up the range, and a program of the
 * machine would need its libraries there. Everything that it needs to know is written into it; it reads no input.
 */
export function launcherProgram(plan: LauncherPlan, architecture: string = process.arch): Buffer {
  const assemble = architecture === 'x64' ? x64 : architecture === 'arm64' ? arm64 : undefined;
  if (assemble === undefined) throw runnerErrors.error('RUNNER_SANDBOX_FAILED', `no launcher for the ${architecture} architecture`);
  const groups = Buffer.alloc((plan.user?.groups.length ?? 0) * 4);
  plan.user?.groups.forEach((group, index) => groups.writeUInt32LE(group, index * 4));
  const message = Buffer.from(plan.failure);
  const strings = plan.candidates.map((candidate) => Buffer.from(`${candidate}\0`));
  // Code first, then the table of candidates (8-aligned), then groups, then texts. The code's length does not depend on addresses.
  const codeLength = assemble(plan, { table: 0, groups: 0, message: 0, messageLength: message.length }).length;
  const table = align(headers + codeLength, 8);
  const groupsAt = table + 8 * (strings.length + 1);
  const messageAt = groupsAt + groups.length;
  const stringsAt = messageAt + message.length;
  const code = assemble(plan, {
    table: loadAddress + table,
    groups: loadAddress + groupsAt,
    message: loadAddress + messageAt,
    messageLength: message.length,
  });
  const addresses = Buffer.alloc(8 * (strings.length + 1));
  let at = loadAddress + stringsAt;
  strings.forEach((text, index) => {
    addresses.writeBigUInt64LE(BigInt(at), index * 8);
    at += text.length;
  });
  const padding = Buffer.alloc(table - headers - codeLength);
  const body = Buffer.concat([code, padding, addresses, groups, message, ...strings]);
  return Buffer.concat([elfHeaders(architecture === 'x64' ? 62 : 183, headers + body.length), body]);
}

const align = (value: number, to: number): number => Math.ceil(value / to) * to;

/** Elf64_Ehdr and one Elf64_Phdr (elf(5)): everything readable and executable, nothing writable. */
function elfHeaders(machine: number, size: number): Buffer {
  const bytes = Buffer.alloc(headers);
  bytes.write('\x7fELF\x02\x01\x01', 'latin1');
  bytes.writeUInt16LE(2, 16); // ET_EXEC
  bytes.writeUInt16LE(machine, 18);
  bytes.writeUInt32LE(1, 20);
  bytes.writeBigUInt64LE(BigInt(loadAddress + headers), 24); // entry
  bytes.writeBigUInt64LE(64n, 32); // program headers
  bytes.writeUInt16LE(64, 52);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(1, 56);
  bytes.writeUInt32LE(1, 64); // PT_LOAD
  bytes.writeUInt32LE(5, 68); // read, execute
  bytes.writeBigUInt64LE(BigInt(loadAddress), 80);
  bytes.writeBigUInt64LE(BigInt(loadAddress), 88);
  bytes.writeBigUInt64LE(BigInt(size), 96);
  bytes.writeBigUInt64LE(BigInt(size), 104);
  bytes.writeBigUInt64LE(0x1000n, 112);
  return bytes;
}

interface Addresses {
  readonly table: number;
  readonly groups: number;
  readonly message: number;
  readonly messageLength: number;
}

/** System V ABI, AMD64 supplement 3.4.1: at the start, rsp holds argc, then argv, a null, and the environment. */
function x64({ user }: LauncherPlan, at: Addresses): Buffer {
  const code: number[] = [];
  const word = (value: number) => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff];
  // mov edi, esi, edx, value; mov eax, number; syscall
  const invoke = (number: number, ...values: number[]) => {
    for (const [index, value] of values.entries()) code.push([0xbf, 0xbe, 0xba][index] as number, ...word(value));
    code.push(0xb8, ...word(number), 0x0f, 0x05);
  };
  const exit = (status: number) => invoke(60, status);
  const mustSucceed = (number: number, ...values: number[]) => {
    invoke(number, ...values);
    code.push(0x48, 0x85, 0xc0, 0x74, 12); // test rax, rax; jz over the 12 bytes of exit
    exit(125);
  };
  if (user !== undefined) {
    mustSucceed(116, user.groups.length, at.groups); // setgroups
    mustSucceed(119, user.gid, user.gid, user.gid); // setresgid
    mustSucceed(117, user.uid, user.uid, user.uid); // setresuid
  }
  code.push(0xbb, ...word(at.table)); // mov ebx, table
  const loop = code.length;
  code.push(0x48, 0x8b, 0x3b); // mov rdi, [rbx]
  code.push(0x48, 0x85, 0xff, 0x74, 0); // test rdi, rdi; jz out
  const jump = code.length - 1;
  code.push(0x48, 0x83, 0xc3, 8); // add rbx, 8
  code.push(0x48, 0x8d, 0x74, 0x24, 16); // lea rsi, [rsp+16]: our arguments without our name
  code.push(0x48, 0x8b, 0x14, 0x24); // mov rdx, [rsp]: argc
  code.push(0x48, 0x8d, 0x54, 0xd4, 16); // lea rdx, [rsp+rdx*8+16]: the environment
  invoke(59); // execve
  code.push(0xeb, (loop - (code.length + 2)) & 0xff); // jmp loop
  code[jump] = code.length - (jump + 1);
  invoke(1, 2, at.message, at.messageLength); // write
  exit(127);
  return Buffer.from(code);
}

/** Arm A64; at the start, sp holds argc, then argv, a null, and the environment. */
function arm64({ user }: LauncherPlan, at: Addresses): Buffer {
  const code: number[] = [];
  // movz register, value; movk register, value >> 16, lsl 16
  const set = (register: number, value: number) => {
    code.push((0xd2800000 | ((value & 0xffff) << 5) | register) >>> 0);
    code.push((0xf2a00000 | (((value >>> 16) & 0xffff) << 5) | register) >>> 0);
  };
  const invoke = (number: number, ...values: number[]) => {
    for (const [index, value] of values.entries()) set(index, value);
    set(8, number);
    code.push(0xd4000001); // svc 0
  };
  const exit = (status: number) => invoke(93, status);
  const mustSucceed = (number: number, ...values: number[]) => {
    invoke(number, ...values);
    code.push(0xb4000000 | (6 << 5)); // cbz x0, over the 5 instructions of exit
    exit(125);
  };
  if (user !== undefined) {
    mustSucceed(159, user.groups.length, at.groups); // setgroups
    mustSucceed(149, user.gid, user.gid, user.gid); // setresgid
    mustSucceed(147, user.uid, user.uid, user.uid); // setresuid
  }
  code.push(0xf94003f3); // ldr x19, [sp]: argc
  code.push(0x910043f4); // add x20, sp, 16: our arguments without our name
  code.push(0x8b130e95); // add x21, x20, x19, lsl 3: the environment
  set(22, at.table);
  const loop = code.length;
  code.push(0xf84086c0); // ldr x0, [x22], 8
  const jump = code.length;
  code.push(0); // cbz x0, out
  code.push(0xaa1403e1, 0xaa1503e2); // mov x1, x20; mov x2, x21
  invoke(221); // execve
  code.push((0x14000000 | ((loop - code.length) & 0x3ffffff)) >>> 0); // b loop
  code[jump] = (0xb4000000 | ((code.length - jump) << 5)) >>> 0;
  invoke(64, 2, at.message, at.messageLength); // write
  exit(127);
  const bytes = Buffer.alloc(code.length * 4);
  for (const [index, instruction] of code.entries()) bytes.writeUInt32LE(instruction >>> 0, index * 4);
  return bytes;
}
