import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openCgroups, unified } from '../../../src/host/machine/cgroup.ts';

let tree: string;
beforeEach(() => void (tree = mkdtempSync(join(tmpdir(), 'colophon-cgroup-'))));
afterEach(() => rmSync(tree, { recursive: true }));
const read = (...path: string[]) => readFileSync(join(tree, ...path), 'utf8');

describe('control groups v2 (admin-guide/cgroup-v2)', () => {
  it('limits a step in a group of its own, and sees that memory ran out', () => {
    const cgroup = unified(join(tree, 'ours'), ['memory', 'pids', 'cpu']).make('step', { memoryBytes: 1000, pids: 7, cpuMillis: 1500 });
    expect(read('ours', 'step', 'memory.max')).toBe('1000');
    expect(read('ours', 'step', 'memory.swap.max')).toBe('0');
    expect(read('ours', 'step', 'pids.max')).toBe('7');
    expect(read('ours', 'step', 'cpu.max')).toBe('150000 100000');
    expect(cgroup.processFiles).toEqual([join(tree, 'ours', 'step', 'cgroup.procs')]);
    expect(cgroup.outOfMemory()).toBe(false);
    writeFileSync(join(tree, 'ours', 'step', 'memory.events'), 'low 0\nhigh 0\nmax 9\noom 1\noom_kill 1\noom_group_kill 0\n');
    expect(cgroup.outOfMemory()).toBe(true);
    cgroup.kill();
    expect(read('ours', 'step', 'cgroup.kill')).toBe('1');
  });

  it('is not there where controllers are not delegated', () => {
    writeFileSync(join(tree, 'cgroup.controllers'), 'cpu memory pids');
    expect(openCgroups('ours', tree).version).toBe('none');
  });
});

describe('control groups v1', () => {
  beforeEach(() => {
    for (const controller of ['memory', 'pids', 'cpu']) {
      mkdirSync(join(tree, controller, 'ours'), { recursive: true });
      writeFileSync(join(tree, controller, 'ours', 'cgroup.procs'), '');
    }
  });

  it('limits a step in each tree, and sees that memory ran out', () => {
    const cgroups = openCgroups('ours', tree);
    expect(cgroups).toMatchObject({ version: 'v1', controllers: ['memory', 'pids', 'cpu'] });
    const cgroup = cgroups.make('step', { memoryBytes: 1000, pids: 7, cpuMillis: 1500 });
    expect(read('memory', 'ours', 'step', 'memory.limit_in_bytes')).toBe('1000');
    expect(read('pids', 'ours', 'step', 'pids.max')).toBe('7');
    expect(read('cpu', 'ours', 'step', 'cpu.cfs_quota_us')).toBe('150000');
    expect(cgroup.processFiles.map((file) => file.slice(tree.length))).toEqual([
      '/memory/ours/step/cgroup.procs',
      '/pids/ours/step/cgroup.procs',
      '/cpu/ours/step/cgroup.procs',
    ]);
    expect(cgroup.outOfMemory()).toBe(false);
    writeFileSync(join(tree, 'memory', 'ours', 'step', 'memory.oom_control'), 'oom_kill_disable 0\nunder_oom 0\noom_kill 2\n');
    expect(cgroup.outOfMemory()).toBe(true);
  });

  it('does with what there is', () => {
    rmSync(join(tree, 'cpu'), { recursive: true });
    expect(openCgroups('ours', tree).controllers).toEqual(['memory', 'pids']);
    expect(existsSync(join(tree, 'memory', 'ours'))).toBe(true);
  });
});
