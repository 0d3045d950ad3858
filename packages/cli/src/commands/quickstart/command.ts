import type { Command } from '../../command/command.ts';
import { serverFlags } from '../server/command.ts';

export const quickstart: Command = {
  brief: 'Build, prove, verify and rebuild real images on this machine, in one go',
  description:
    'Starts a server in the background (or uses the one of the data directory), makes a git repository from the examples, submits their pipeline, waits until its images are attested, verifies two of them, ' +
    'rebuilds one from nothing but its digest, and ends with commands to go on with. The server stays up.',
  examples: [
    { command: 'quickstart', brief: 'In the default data directory' },
    { command: 'quickstart --data /tmp/colophon --port 0', brief: 'Somewhere else, on any free port' },
  ],
  exits: { 6: 'something was not proven' },
  flags: {
    ...serverFlags,
    noRebuild: { kind: 'boolean', brief: 'Leave out the rebuild' },
    stop: { kind: 'boolean', brief: 'Stop the server at the end' },
  },
  load: () => import('./run.ts'),
};
