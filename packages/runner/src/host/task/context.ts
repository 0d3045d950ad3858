import type { Cgroups } from '../machine/cgroup.ts';
import type { HostMode } from '../machine/mode.ts';
import type { Tools } from '../machine/tools.ts';
import type { RootfsStore } from '../rootfs/rootfs.ts';
import type { Without } from '../sandbox/protections.ts';

/** What the host has at hand for every task. */
export interface HostContext {
  readonly mode: HostMode;
  readonly tools: Tools;
  readonly cgroups: Cgroups;
  readonly rootfs: RootfsStore;
  /** How a task's disk is bounded on this machine. */
  readonly quota: 'disk' | 'tmpfs' | 'none';
  /** `DATA/runner/work`, `DATA/runs`. */
  readonly work: string;
  readonly logs: string;
  /** Empty, but for tests that show what a protection is for. */
  readonly without: Without;
}
