import { z } from 'zod';
import { isDigest, type Digest } from '@colophon/core';
import { runnerErrors } from '../errors.ts';

const name = z.string().regex(/^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/);
const absolute = z
  .string()
  .refine((path) => path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..'), 'not an absolute path without ..');
const relative = z
  .string()
  .refine((path) => !path.startsWith('/') && !path.includes('\0') && !path.split('/').includes('..'), 'not a relative path without ..');
const digest = z.string().refine((text): text is Digest => isDigest(text), 'not a digest');

/** Somewhere that steps can have mounted. */
const volume = z.discriminatedUnion('kind', [
  /** Empty at the task's start, gone at its end. */
  z.strictObject({ kind: z.literal('empty'), name, sizeLimit: z.int().positive().optional() }),
  /** A directory of the host that the control plane made; `owned`: its root belongs to the steps' ids. */
  z.strictObject({
    kind: z.literal('directory'),
    name,
    path: absolute,
    readOnly: z.boolean(),
    owned: z.boolean().default(false),
    sizeLimit: z.int().positive().optional(),
  }),
  /** Files of a ConfigMap, Secret or projection, read-only; content is base64. */
  z.strictObject({ kind: z.literal('files'), name, files: z.record(relative, z.string()), mode: z.int().min(0).max(0o777).default(0o444) }),
]);

const mount = z.strictObject({ volume: name, path: absolute, subPath: relative.optional(), readOnly: z.boolean() });

const step = z.strictObject({
  /** As in the Task, or `unnamed-N`. */
  name,
  container: name,
  image: z.strictObject({ digest }),
  /** The text of an executable file; takes the place of argv[0]. */
  script: z.string().optional(),
  /** With a script: its arguments. */
  argv: z.array(z.string()),
  env: z.record(z.string(), z.string()),
  workingDir: absolute,
  /** Numbers, or names of the image's passwd and group: `1001`, `nonroot`, `1001:50`. Empty: root. */
  user: z.string().max(100),
  readOnlyRoot: z.boolean().default(false),
  nonRoot: z.boolean().default(false),
  mounts: z.array(mount),
  onError: z.enum(['continue', 'stopAndFail']),
  timeoutMs: z.int().positive().optional(),
  limits: z.strictObject({ memoryBytes: z.int().positive().optional(), cpuMillis: z.int().positive().optional() }).default({}),
});

const socket = z.strictObject({ hostPath: absolute, path: absolute });

/** A TaskRun, fully resolved: the host decides nothing but how. Crosses the private socket as JSON. */
export const taskPlan = z.strictObject({
  uid: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  namespace: name,
  name,
  steps: z.array(step).min(1).max(100),
  volumes: z.array(volume),
  /** Names whose files are read from /tekton/results. */
  results: z.array(z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,251}$/)),
  limits: z
    .strictObject({
      memoryBytes: z
        .int()
        .positive()
        .default(4 * 2 ** 30),
      pids: z.int().positive().default(2048),
      /** Of what a step writes outside its volumes, and of each empty volume. */
      diskBytes: z
        .int()
        .positive()
        .default(4 * 2 ** 30),
      logBytes: z
        .int()
        .positive()
        .default(64 * 2 ** 20),
      resultBytes: z
        .int()
        .positive()
        .default(64 * 2 ** 10),
    })
    .prefault({}),
  /** `proxy`: 127.0.0.1:3128 inside leads to this Unix socket of the control plane. */
  network: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('none') }),
      z.strictObject({ kind: z.literal('proxy'), socketPath: absolute }),
    ])
    .default({ kind: 'none' }),
  /** Ports of 127.0.0.1 inside that lead to a Unix socket of the control plane: the registry, for a task with a push token. */
  ports: z.array(z.strictObject({ port: z.int().min(1).max(65_535), socketPath: absolute })).default([]),
  /** Further Unix sockets of the control plane that steps may use. */
  sockets: z.array(socket).default([]),
  /** Values that never stand in a log. */
  masks: z.array(z.string()).default([]),
  timeoutMs: z.int().positive().optional(),
});

export type TaskPlan = z.output<typeof taskPlan>;
export type TaskPlanInput = z.input<typeof taskPlan>;
export type StepInstruction = TaskPlan['steps'][number];
export type VolumeInstruction = TaskPlan['volumes'][number];

export function parseTaskPlan(value: unknown): TaskPlan {
  const result = taskPlan.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw runnerErrors.error('RUNNER_PLAN_INVALID', `plan: ${issue?.path.join('.')}: ${issue?.message}`);
}

/** How a step ended. */
export interface StepOutcome {
  readonly name: string;
  readonly container: string;
  readonly exitCode: number;
  /** Kubernetes' words for a terminated container. */
  readonly reason: 'Completed' | 'Error' | 'OOMKilled';
  /** `timeout`, `cancelled`: killed by us. `skipped`: a step before it failed. */
  readonly cause?: 'timeout' | 'task-timeout' | 'cancelled' | 'skipped';
  /** RFC 3339 with milliseconds. */
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly message?: string;
}

/** What the host tells while a task runs. */
export type TaskEvent =
  | { readonly type: 'step-started'; readonly step: string; readonly container: string; readonly at: string }
  /** The log file has grown to so many bytes. */
  | { readonly type: 'log'; readonly step: string; readonly size: number }
  | { readonly type: 'step-finished'; readonly outcome: StepOutcome };

export interface TaskOutcome {
  readonly steps: readonly StepOutcome[];
  /** Text of the result files that exist, as the steps left them. */
  readonly results: Readonly<Record<string, string>>;
  /** Results that could not be taken, with the reason. */
  readonly refused: Readonly<Record<string, string>>;
  readonly cause?: 'timeout' | 'cancelled';
  /** How the steps were isolated. */
  readonly mode: 'sandbox' | 'sandbox-rootless';
}
