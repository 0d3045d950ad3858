import { connectionFlags } from '../../client/api.ts';
import type { CommandGroup } from '../../command/command.ts';
import { passwordFlag } from '../../files/password.ts';

export const keys: CommandGroup = {
  brief: 'Make signing keys in cosign’s format, and print public keys',
  commands: {
    generate: {
      brief: 'Make a key pair that cosign reads too',
      description: 'Writes PREFIX.key (encrypted, 0600) and PREFIX.pub. What is there is never replaced.',
      examples: [
        { command: 'keys generate', brief: 'cosign.key and cosign.pub, the password asked for' },
        { command: 'keys generate --out release --password-file pw --algorithm ed25519', brief: 'Without a terminal' },
      ],
      flags: {
        out: { kind: 'text', placeholder: 'PREFIX', default: 'cosign', brief: 'Name of the two files without .key and .pub' },
        algorithm: { kind: 'choice', values: ['ecdsa-p256', 'ed25519'], default: 'ecdsa-p256', brief: 'Kind of key' },
        ...passwordFlag,
      },
      load: () => import('./generate.ts'),
    },
    public: {
      brief: 'Print the public key of a key file, or the one that a server signs with',
      examples: [
        { command: 'keys public cosign.key', brief: 'Of a private key; a .pub file is read too' },
        { command: 'keys public --server http://localhost:7120 > provenance.pub', brief: 'What the server signs provenance with' },
        { command: 'keys public --log > log.pub', brief: 'The key of the server’s log' },
      ],
      exits: { 3: 'the server has no such key' },
      flags: {
        ...Object.fromEntries(Object.entries(connectionFlags).filter(([name]) => name !== 'namespace')),
        log: { kind: 'boolean', brief: 'The key of the log, not that of provenance' },
        ...passwordFlag,
      },
      args: [{ placeholder: 'KEYFILE', brief: 'Private or public key, PEM; without it the server is asked', optional: true }],
      load: () => import('./public.ts'),
    },
  },
};
