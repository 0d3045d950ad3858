import type { StepInstruction, TaskPlan } from '../../plan/plan.ts';
import type { Cgroup, CgroupLimits } from '../machine/cgroup.ts';
import type { PreparedImage } from '../rootfs/rootfs.ts';
import { launcherProgram } from '../sandbox/launcher.ts';
import { makeStarter, type Starter } from '../sandbox/step.ts';
import { environmentOf, programOf } from './command.ts';
import type { HostContext } from './context.ts';
import { stepFolder } from './contract.ts';
import { resolveUser, type StepUser } from './user.ts';
import type { Work } from './work.ts';

/** A step that only needs its turn: what can be done before it is done, while the nest is made or the step before runs. */
export interface ReadyStep {
  readonly step: StepInstruction;
  readonly index: number;
  readonly image: PreparedImage;
  readonly environment: Readonly<Record<string, string>>;
  /** Rejects if the image has no such user. */
  readonly user: Promise<StepUser>;
  readonly cgroup: Cgroup;
  readonly starter: Starter;
  readonly launcher: { readonly path: string; program(user: StepUser): Buffer };
  /** Ends what is left of it. Idempotent. */
  remove(): Promise<void>;
}

export function readyStep(plan: TaskPlan, index: number, image: PreparedImage, host: HostContext, work: Work): ReadyStep {
  const step = plan.steps[index] as StepInstruction;
  const environment = environmentOf(plan, step, image.config.env);
  const { argv, candidates } = programOf(step, index, environment);
  const path = `/tekton/bin/start-${index}`;
  const cgroup = host.cgroups.make(`${plan.uid}-${index}`, limitsOf(plan, step, host));
  const { without } = host;
  const starter = makeStarter({
    mode: host.mode,
    tools: host.tools,
    cgroup,
    pipes: work.pipes(index),
    scratch: stepFolder(index),
    command: [path, ...argv],
    // Where the disk itself is not bounded, at least each file is.
    ...(host.quota === 'none' && !without.has('disk-quota') ? { fileSizeBytes: plan.limits.diskBytes } : {}),
    ...(host.cgroups.controllers.includes('pids') || without.has('pids-limit') ? {} : { processLimit: plan.limits.pids }),
    without,
  });
  const user = resolveUser(image.path, step.user === '' ? image.config.user : step.user);
  user.catch(() => {});
  const failure = `colophon: ${JSON.stringify((argv[0] ?? '').slice(0, 200))} cannot be executed: the image has no such file, or its interpreter is missing\n`;
  return {
    step,
    index,
    image,
    environment,
    user,
    cgroup,
    starter,
    launcher: { path, program: (who) => launcherProgram({ candidates, failure, ...(host.mode.ids === 'range' ? { user: who } : {}) }) },
    async remove() {
      starter.discard();
      await cgroup.remove();
    },
  };
}

function limitsOf(plan: TaskPlan, step: StepInstruction, { without }: HostContext): CgroupLimits {
  return {
    ...(without.has('memory-limit') ? {} : { memoryBytes: step.limits.memoryBytes ?? plan.limits.memoryBytes }),
    ...(without.has('pids-limit') ? {} : { pids: plan.limits.pids }),
    ...(step.limits.cpuMillis === undefined ? {} : { cpuMillis: step.limits.cpuMillis }),
  };
}
