import { errorCode } from '@colophon/core';
import { durable } from '@colophon/store';
import { join } from 'node:path';
import { runningStatus, type TaskRun, type TaskRunPlan, type TaskRunStatus } from '@colophon/pipeline';
import type { TaskEvent, TaskOutcome, TaskPlanInput } from '../plan/plan.ts';
import type { Context } from './context.ts';
import { Ended, messageOf } from './ended.ts';
import type { StepStates } from './outcomes.ts';
import type { Stop } from './stop.ts';

/** Between two intermediate statuses of a task of several steps. */
const betweenWrites = 1_000;
/** A host that was told to kill a task and says nothing for so long is taken for dead. */
const killWait = 30_000;

interface Running {
  readonly run: TaskRun;
  readonly plan: TaskRunPlan;
  readonly hostPlan: TaskPlanInput;
  readonly states: StepStates;
  readonly stop: Stop;
  write(status: TaskRunStatus): Promise<void>;
}

/**
 * Has the host run the steps and follows them into `states`. Resolves with the host's outcome when they are through;
 * throws when the attempt was stopped or the host died.
 */
export async function runTask(context: Context, running: Running): Promise<TaskOutcome> {
  const { hostPlan, states, stop } = running;
  await context.host.ready(stop.signal);
  const follow = follower(context, running);
  let abandon: NodeJS.Timeout | undefined;
  const dead = new Promise<never>((_resolve, reject) => {
    stop.signal.addEventListener(
      'abort',
      () => {
        void context.host
          .cancel(hostPlan.uid)
          .catch((error: unknown) => context.log('warn', 'a task could not be cancelled', { uid: hostPlan.uid, error: messageOf(error) }));
        abandon = setTimeout(() => reject(new Error('the runner host does not answer')), killWait);
      },
      { once: true },
    );
  });
  try {
    if (stop.signal.aborted) stop.signal.throwIfAborted();
    const outcome = await Promise.race([context.host.run(hostPlan, { onEvent: follow.event }), dead]);
    const trouble = states.end(outcome);
    stop.signal.throwIfAborted();
    if (outcome.cause === 'timeout') stop.expireAt(0);
    stop.signal.throwIfAborted();
    if (outcome.cause === 'cancelled')
      throw new Ended({ reason: 'Failed', message: 'the runner host ended the task without being asked to' });
    if (trouble !== undefined) await complain(context, hostPlan.uid, trouble);
    return outcome;
  } catch (error) {
    if (stop.kind === undefined && errorCode(error) === 'CORE_IPC_CLOSED') {
      throw new Ended({ reason: 'Failed', message: 'the runner host went away while the steps were running' });
    }
    throw error;
  } finally {
    clearTimeout(abandon);
    dead.catch(() => undefined);
    await follow.end();
  }
}

/** Takes events into the states; tasks of several steps show their progress, at most once a second. */
function follower(context: Context, { run, plan, states, write }: Running) {
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const show = () => {
    timer = undefined;
    writing = writing
      .then(() => write(runningStatus(run, plan.spec, states.all, context.now(), context.gates)))
      .catch((error: unknown) => context.log('warn', 'progress could not be written', { run: run.metadata.name, error: messageOf(error) }));
  };
  return {
    event(event: TaskEvent): void {
      if (event.type === 'step-started') states.started(event.step, event.at);
      else if (event.type === 'step-finished') states.finished(event.outcome);
      else return;
      if (plan.steps.length > 1) timer ??= setTimeout(show, betweenWrites);
    },
    async end(): Promise<void> {
      clearTimeout(timer);
      await writing;
    },
  };
}

/** Says in the step's log why it counts as failed. */
async function complain(context: Context, uid: string, { step, complaint }: { step: string; complaint: string }): Promise<void> {
  try {
    await durable.createDirectory(context.directories.runs(uid));
    const file = await durable.openAppend(join(context.directories.runs(uid), `step-${step}.log`));
    await file.append(Buffer.from(`[${complaint}]\n`)).finally(() => file.close());
  } catch (error) {
    context.log('warn', 'a log could not be written', { uid, step, error: messageOf(error) });
  }
}
