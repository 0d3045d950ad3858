import type { TaskEvent, TaskOutcome, TaskPlanInput } from '../plan/plan.ts';

/**
 * The runner host, as the controller sees it: the privileged process that makes sandboxes. It writes the steps' logs,
 * masked, to `DATA/runs/UID/step-NAME.log`.
 */
export interface TaskHost {
  /** Resolves when the host can take a task; rejects only when `signal` aborts. A host that died is waited for. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Runs the steps of a TaskRun, one after another, and resolves with what became of each; events come in order before.
   * Rejects with CORE_IPC_CLOSED if the host dies: everything of the task is then gone.
   */
  run(plan: TaskPlanInput, options: { onEvent: (event: TaskEvent) => void }): Promise<TaskOutcome>;
  /** Kills what runs of a task; its `run` then resolves with `cause: 'cancelled'`. Idempotent; unknown tasks are cancelled already. */
  cancel(uid: string): Promise<void>;
}
