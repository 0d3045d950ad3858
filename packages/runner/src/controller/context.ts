import type { Gates } from '@colophon/pipeline';
import type { ObjectStore } from '@colophon/store';
import type { Collaborators } from './contract.ts';
import type { Directories } from './directories.ts';
import type { TaskHost } from './host.ts';

/** A line of the controller's log; `fields` name objects, never secrets. */
export type Log = (level: 'info' | 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>) => void;

/** What every part of the controller works with. */
export interface Context extends Collaborators {
  readonly store: ObjectStore;
  readonly host: TaskHost;
  readonly directories: Directories;
  readonly gates: Gates;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  now(): number;
}
