import type { Command } from '../../command/command.ts';
import type { Flag } from '../../command/command.ts';

const data: Flag = { kind: 'text', placeholder: 'DIR', brief: 'Data directory (default: ~/.local/share/colophon; $COLOPHON_DATA)' };

export const backup: Command = {
  brief: 'Copy the data directory, of a running server too, into one file',
  description:
    'The copy is consistent: whatever the server acknowledged before the command began is in it, and all parts fit together. It ends with a manifest of the SHA-256 of every file, which restore checks. What can be made or fetched again (unpacked images, workspaces, caches) is left out.',
  examples: [
    { command: 'backup /backup/colophon-$(date +%F).tar', brief: 'Without the private keys' },
    { command: 'backup /safe/colophon.tar --with-keys', brief: 'With them: whoever has the file and the password can sign' },
  ],
  exits: { 2: 'the file exists, or there is no such directory', 3: 'there is no data directory' },
  flags: {
    withKeys: { kind: 'boolean', brief: 'Private keys, their password file and the administrator’s token too' },
    data,
  },
  args: [{ placeholder: 'FILE', brief: 'Tar file to make, 0600; must not exist' }],
  load: () => import('./backup.ts'),
};

export const restore: Command = {
  brief: 'Make a data directory from a backup',
  description: 'Every file is held against the backup’s manifest. The directory appears whole, or not at all.',
  examples: [
    { command: 'restore /backup/colophon-2026-11-24.tar --data /var/lib/colophon', brief: 'Into a directory that is empty or not there' },
  ],
  exits: { 2: 'the directory is not empty', 6: 'the backup is damaged, cut off or of another kind' },
  flags: { data },
  args: [{ placeholder: 'FILE', brief: 'Backup' }],
  load: () => import('./restore.ts'),
};
