import { connectionFlags } from '../../client/api.ts';
import type { Command } from '../../command/command.ts';

export const doctor: Command = {
  brief: 'Say what this machine can and cannot do, and what to do about it',
  description:
    'Looks at the sandbox (bubblewrap, user namespaces, cgroups, seccomp), Node, space, the data directory, the clock, Debian’s mirrors and keyrings, and the server. Changes nothing.',
  examples: [
    { command: 'doctor', brief: 'Everything' },
    { command: 'doctor --offline -o json', brief: 'Without asking mirrors, for a program' },
  ],
  exits: { 1: 'something that builds need is missing' },
  flags: {
    offline: { kind: 'boolean', brief: 'Ask no mirror' },
    ...Object.fromEntries(Object.entries(connectionFlags).filter(([name]) => name !== 'namespace')),
  },
  load: () => import('./run.ts'),
};
