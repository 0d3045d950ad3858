import { describe, expect, it } from 'vitest';
import { assemble, answer, label, load, test } from '../../../src/host/sandbox/seccomp/bpf.ts';
import { callTable, deniedCalls } from '../../../src/host/sandbox/seccomp/calls.ts';
import { seccompFilter } from '../../../src/host/sandbox/seccomp/filter.ts';

const allow = 0x7fff0000;
const eperm = 0x00050001;
const enosys = 0x00050026;
const eafnosupport = 0x00050061;

/** What the kernel does (net/core/filter.c), for the instructions that a filter of ours has. */
function evaluate(program: Buffer, call: number, args: readonly number[] = [], audit = 0xc000003e): number {
  const input = Buffer.alloc(64);
  input.writeUInt32LE(call >>> 0, 0);
  input.writeUInt32LE(audit, 4);
  args.forEach((value, index) => input.writeUInt32LE(value >>> 0, 16 + 8 * index));
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const value = program.readUInt32LE(at * 8 + 4);
    if (code === 0x20) accumulator = input.readUInt32LE(value);
    else if (code === 0x06) return value;
    else {
      const hit =
        code === 0x15
          ? accumulator === value
          : code === 0x35
            ? accumulator >= value
            : code === 0x45
              ? (accumulator & value) !== 0
              : undefined;
      if (hit === undefined) throw new Error(`unknown instruction ${code}`);
      at += program.readUInt8(at * 8 + (hit ? 2 : 3));
    }
  }
}

describe.each([
  ['x64', 0xc000003e, { clone: 56, ioctl: 16, socket: 41, socketpair: 53, personality: 135, read: 0, execve: 59, setuid: 105 }],
  ['arm64', 0xc00000b7, { clone: 220, ioctl: 29, socket: 198, socketpair: 199, personality: 92, read: 63, execve: 221, setuid: 146 }],
] as const)('the filter for %s (seccomp(2))', (architecture, audit, numbers) => {
  const program = seccompFilter(architecture) as Buffer;
  const judge = (call: number, ...args: number[]) => evaluate(program, call, args, audit);

  it('refuses every call on the list, and lets ordinary ones through', () => {
    for (const [name, number] of deniedCalls(architecture)) expect(judge(number), name).toBe(eperm);
    for (const call of [numbers.read, numbers.execve, numbers.setuid]) expect(judge(call)).toBe(allow);
  });

  it('kills calls of another architecture', () => {
    expect(evaluate(program, numbers.read, [], 0x40000003)).toBe(0x80000000);
  });

  it('lets clone make threads and processes but no namespaces, and hides clone3', () => {
    expect(judge(numbers.clone, 0x3d0f00)).toBe(allow);
    for (const flag of [0x80, 0x20000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000])
      expect(judge(numbers.clone, 0x11 | flag)).toBe(eperm);
    expect(judge(435)).toBe(enosys);
  });

  it('refuses input to terminals, other requests pass', () => {
    expect(judge(numbers.ioctl, 0, 0x5412)).toBe(eperm);
    expect(judge(numbers.ioctl, 0, 0x541c)).toBe(eperm);
    expect(judge(numbers.ioctl, 0, 0x5413)).toBe(allow);
  });

  it('knows four families of sockets', () => {
    for (const family of [1, 2, 10, 16]) expect(judge(numbers.socket, family)).toBe(allow);
    for (const family of [17, 38, 40, 0]) {
      expect(judge(numbers.socket, family)).toBe(eafnosupport);
      expect(judge(numbers.socketpair, family)).toBe(eafnosupport);
    }
  });

  it('refuses personalities that weaken a process', () => {
    for (const persona of [0, 0xffffffff, 0x40000, 0x20008, 8]) expect(judge(numbers.personality, persona)).toBe(allow);
    // READ_IMPLIES_EXEC
    expect(judge(numbers.personality, 0x400000)).toBe(eperm);
  });

  it('has nothing beyond the calls that it knows, nor x32’s', () => {
    const table = callTable(architecture);
    for (const call of [(table?.newest ?? 0) + 1, 0x40000000 | numbers.read, 0xffffffff]) expect(judge(call)).toBe(enosys);
  });
});

describe('the assembler', () => {
  it('refuses jumps that BPF cannot make', () => {
    expect(() => assemble([label('back'), load(0), test('equal', 1, 'back'), answer(0)])).toThrow(RangeError);
    expect(() => assemble([test('equal', 1, 'nowhere'), answer(0)])).toThrow(RangeError);
    const far = Array.from({ length: 300 }, () => load(0));
    expect(() => assemble([test('equal', 1, 'end'), ...far, label('end'), answer(0)])).toThrow(RangeError);
  });

  it('has no filter for an architecture that it has no table for', () => {
    expect(seccompFilter('riscv64')).toBeUndefined();
  });
});
