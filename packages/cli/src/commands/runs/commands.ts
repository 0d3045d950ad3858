import { connectionFlags } from '../../client/api.ts';
import type { CommandGroup } from '../../command/command.ts';

const name = [{ placeholder: 'RUN', brief: 'Name, or pipelinerun/NAME, taskrun/NAME' }];

export const runs: CommandGroup = {
  brief: 'List, show, follow and cancel runs',
  commands: {
    list: {
      brief: 'List runs, newest first',
      examples: [{ command: 'runs list', brief: 'PipelineRuns of the default namespace' }],
      flags: {
        ...connectionFlags,
        tasks: { kind: 'boolean', brief: 'TaskRuns instead of PipelineRuns' },
        limit: { kind: 'number', default: 30, brief: 'At most so many' },
      },
      load: () => import('./list.ts'),
    },
    show: {
      brief: 'Show a run: how it ended, its results, tasks and steps',
      examples: [{ command: 'runs show distroless-x7k2p', brief: 'A PipelineRun' }],
      exits: { 3: 'no such run' },
      flags: connectionFlags,
      args: name,
      load: () => import('./show.ts'),
    },
    logs: {
      brief: 'Print the logs of a run',
      examples: [
        { command: 'runs logs distroless-x7k2p', brief: 'What is there so far' },
        { command: 'runs logs -f distroless-x7k2p', brief: 'Follow until the run ends; exits with 1 if it fails' },
      ],
      exits: { 1: 'with --follow: the run failed', 3: 'no such run' },
      flags: {
        ...connectionFlags,
        follow: { kind: 'boolean', brief: 'Go on until the run ends' },
        failed: { kind: 'boolean', brief: 'Only steps that failed' },
      },
      args: name,
      load: () => import('./logs.ts'),
    },
    cancel: {
      brief: 'Cancel a run',
      examples: [{ command: 'runs cancel distroless-x7k2p', brief: 'Stop it now' }],
      exits: { 3: 'no such run' },
      flags: {
        ...connectionFlags,
        mode: {
          kind: 'choice',
          values: ['Cancelled', 'CancelledRunFinally', 'StoppedRunFinally'],
          default: 'Cancelled',
          brief: 'As Tekton: at once; at once but run finally; let running tasks end, then finally',
        },
      },
      args: name,
      load: () => import('./cancel.ts'),
    },
  },
};
