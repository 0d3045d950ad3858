/**
 * What keeps a step inside, by name. Each can be left out, by tests alone, to show that the attack it stops succeeds
 * without it; no plan, option of the command line or IPC message reaches this.
 */
export type Protection =
  | 'own-root'
  | 'user-namespace'
  | 'capabilities'
  | 'seccomp'
  | 'network-namespace'
  | 'pid-namespace'
  | 'clean-environment'
  | 'no-new-privileges'
  | 'minimal-dev'
  | 'control-groups'
  | 'pids-limit'
  | 'memory-limit'
  | 'disk-quota'
  | 'log-limit'
  | 'masking'
  | 'read-only'
  | 'step-folders'
  | 'no-follow';

export type Without = ReadonlySet<Protection>;

export const nothingLeftOut: Without = new Set();
