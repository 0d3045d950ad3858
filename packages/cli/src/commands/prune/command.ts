import { connectionFlags } from '../../client/api.ts';
import type { Command } from '../../command/command.ts';

export const prune: Command = {
  brief: 'Remove what nothing names any more, and old runs',
  description:
    'Removes finished, attested runs older than --keep-days with their logs; inputs and unpacked images that no kept build names; uploads and caches that nobody goes on with; and blobs that neither the registry, nor a build, nor the log names. Never what is in use. Safe beside a running server.',
  examples: [
    { command: 'prune --dry-run', brief: 'What would go' },
    { command: 'prune --keep-days 7', brief: 'Keep a week of runs' },
  ],
  exits: { 3: 'there is no data directory' },
  flags: {
    keepDays: { kind: 'number', placeholder: 'DAYS', default: 30, brief: 'Keep finished runs, and what no build names, so long' },
    dryRun: { kind: 'boolean', brief: 'Remove nothing, only list' },
    ...Object.fromEntries(Object.entries(connectionFlags).filter(([name]) => name !== 'namespace')),
  },
  load: () => import('./run.ts'),
};
