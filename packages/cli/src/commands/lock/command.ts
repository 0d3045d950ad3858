import type { Command } from '../../command/command.ts';
import { mirrorFlags } from '../../files/mirror-flags.ts';

export const lock: Command = {
  brief: 'Bind an image’s Debian packages to what the archive signs now',
  description:
    'Reads a lock request (docs/debian.md), verifies the archive’s signatures, resolves the packages and writes the lock. The file it replaces is not made older: a suite with an earlier date is refused.',
  examples: [
    { command: 'lock images/cc.lock.yaml', brief: 'Write images/cc.lock.json' },
    { command: 'lock images/cc.lock.yaml -o other.json --diff images/cc.lock.json', brief: 'Write another file, and show what changed' },
    { command: 'lock images/cc.lock.yaml --check', brief: 'Only say whether the lock is up to date' },
  ],
  exits: {
    5: 'a signature, date, dependency or conflict stands against it',
    10: 'with --check: the archive has moved on, or the lock is missing',
  },
  flags: {
    out: { kind: 'text', placeholder: 'FILE', brief: 'The lock (default: the request’s name with .json)' },
    check: { kind: 'boolean', brief: 'Write nothing; compare with the lock that is there' },
    diff: { kind: 'text', placeholder: 'LOCK', brief: 'Show what changed since this lock (default: the one that is replaced)' },
    ...mirrorFlags,
    cache: { kind: 'text', placeholder: 'DIR', brief: 'Keep what is fetched here (default: cache/ in the data directory)' },
    data: { kind: 'text', placeholder: 'DIR', brief: 'Data directory (default: ~/.local/share/colophon; $COLOPHON_DATA)' },
  },
  aliases: { o: 'out' },
  args: [{ placeholder: 'REQUEST', brief: 'Lock request, YAML' }],
  load: () => import('./run.ts'),
};
