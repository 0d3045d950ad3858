import { connectionFlags } from '../../client/api.ts';
import type { Command } from '../../command/command.ts';

export const run: Command = {
  brief: 'Submit a PipelineRun or TaskRun, follow it and wait for its end',
  description:
    'Submits the runs of a YAML file (tekton.dev/v1), shows their logs, and ends with the exit code of the last one. `{{ name }}` in the file is filled in from --set.',
  examples: [
    { command: 'run -f run.yaml', brief: 'Submit, follow, wait' },
    {
      command: 'run -f .tekton/push.yaml --set repo_url=git+https://example.org/r --set revision=main',
      brief: 'Run what a push would run',
    },
    { command: 'run -f run.yaml --no-wait -o json', brief: 'Only submit, and print the created objects' },
  ],
  exits: { 1: 'the run failed, or an error', 7: 'the run did not end within --timeout', 130: 'cancelled' },
  flags: {
    ...connectionFlags,
    file: { kind: 'text', placeholder: 'FILE', brief: 'YAML file; - is standard input' },
    set: { kind: 'text', placeholder: 'NAME=VALUE', many: true, brief: 'Value for {{ NAME }}' },
    noWait: { kind: 'boolean', brief: 'Return when the runs are created' },
    noLogs: { kind: 'boolean', brief: 'Do not show the logs' },
    timeout: { kind: 'number', placeholder: 'SECONDS', brief: 'Give up waiting after so long (the run goes on)' },
  },
  load: () => import('./run.ts'),
};
