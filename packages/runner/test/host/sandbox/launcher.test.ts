import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '@colophon/core';
import { afterAll, describe, expect, it } from 'vitest';
import { launcherProgram, type LauncherPlan } from '../../../src/host/sandbox/launcher.ts';

const folder = mkdtempSync(join(tmpdir(), 'colophon-launcher-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
function program(plan: LauncherPlan, architecture?: string): string {
  const file = join(folder, `launch-${count++}`);
  writeFileSync(file, launcherProgram(plan, architecture), { mode: 0o755 });
  return file;
}

const supported = ['x64', 'arm64'].includes(process.arch);
const isRoot = process.getuid?.() === 0;

describe.skipIf(!supported)('the launcher (elf(5))', () => {
  it('executes the first candidate that can be, with the rest of its arguments and its environment', () => {
    const file = program({ candidates: ['/nowhere/env', folder, '/usr/bin/env', '/bin/env'], failure: 'no' });
    expect(
      execFileSync(file, ['env', 'sh', '-c', 'echo "$0 $1 $X"', 'zero', 'a b'], {
        env: { X: 'y z', PATH: '/usr/bin:/bin' },
        encoding: 'utf8',
      }),
    ).toBe('zero a b y z\n');
  });

  it('says so and ends with 127 when there is none', () => {
    const { status, stderr } = spawnSync(program({ candidates: ['/nowhere/x'], failure: 'x is not there\n' }), ['x'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 127, stderr: 'x is not there\n' });
    expect(spawnSync(program({ candidates: [], failure: '' }), []).status).toBe(127);
  });

  it.skipIf(!isRoot)('takes on user, group and groups before that', () => {
    const plan = { candidates: ['/usr/bin/id', '/bin/id'], failure: '' };
    const read = (...groups: number[]) => {
      const file = program({ ...plan, user: { uid: 65_535, gid: 40_000, groups } });
      return ['-u', '-g', '-G'].map((flag) => execFileSync(file, ['id', flag], { encoding: 'utf8' }).trim());
    };
    expect(read(40_000, 7, 65_534)).toEqual(['65535', '40000', '40000 7 65534']);
    expect(read()).toEqual(['65535', '40000', '40000']);
  });

  it.skipIf(!isRoot)('runs nothing as someone else when the ids are refused', () => {
    const inner = program({ user: { uid: 1, gid: 1, groups: [] }, candidates: ['/usr/bin/id', '/bin/id'], failure: '' });
    const outer = program({ user: { uid: 1001, gid: 1001, groups: [] }, candidates: [inner], failure: '' });
    execFileSync('chmod', ['755', folder]);
    const { status, stdout } = spawnSync(outer, ['inner', 'id'], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 125, stdout: '' });
  });
});

describe('launchers of other architectures', () => {
  it('are the bytes that were seen to work', () => {
    const plan = { user: { uid: 1001, gid: 50, groups: [7, 8] }, candidates: ['/nope/id', '/usr/bin/id'], failure: 'no id\n' };
    // Run by qemu-aarch64 7.2: setgroups, setresgid, setresuid, the candidates in order, the message.
    expect(sha256Hex(launcherProgram(plan, 'arm64'))).toBe('97b5883ab0daaa4cbd5260b04b5769cfd60a6568eba5fd60e0b1bff2f2c267e1');
    expect(sha256Hex(launcherProgram(plan, 'x64'))).toBe('40618dfc989d8f77b50a4524e6fb8b1319b277dd5c15c8856658d52f6163ff69');
  });

  it('are refused where there is none', () => {
    expect(() => launcherProgram({ candidates: [], failure: '' }, 'mips')).toThrow(
      expect.objectContaining({ code: 'RUNNER_SANDBOX_FAILED' }),
    );
  });
});
