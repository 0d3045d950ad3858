import type { CommandGroup } from '../../command/command.ts';
import { logFlags } from '../../transparency/rekor.ts';

const proofExit = { 3: 'there is no such entry', 5: 'a proof fails', 6: 'the answer is not of the Rekor v1 API' };

export const log: CommandGroup = {
  brief: 'Look entries of a transparency log up, and check their proofs',
  commands: {
    get: {
      brief: 'Show an entry: its proofs, who signed, and what the statement says',
      description:
        'Fetches an entry and checks its id, signed entry timestamp, inclusion proof, checkpoint and attestation with the log’s key. Works with any Rekor v1 log.',
      examples: [
        { command: 'log get 42', brief: 'By its index' },
        {
          command: 'log get 108e9186e8c5677a… --rekor-url https://rekor.example.org --log-key rekor.pub',
          brief: 'By its id, of another log, with a key that you know',
        },
      ],
      exits: proofExit,
      flags: logFlags,
      args: [{ placeholder: 'ENTRY', brief: 'Index, or id of 64 or 80 hexadecimal digits' }],
      load: () => import('./get.ts'),
    },
    search: {
      brief: 'Find entries by digest, key or email, and check each',
      examples: [
        { command: 'log search --sha sha256:0d877c51…', brief: 'What is said of an image' },
        { command: 'log search --public-key cosign.pub', brief: 'What a key signed' },
      ],
      exits: { ...proofExit, 3: 'nothing was found' },
      flags: {
        ...logFlags,
        sha: { kind: 'text', placeholder: 'DIGEST', brief: 'Digest of an artifact, attestation or envelope' },
        email: { kind: 'text', placeholder: 'ADDRESS', brief: 'Email address in a certificate' },
        publicKey: { kind: 'text', placeholder: 'FILE', brief: 'Public key or certificate, PEM' },
        limit: { kind: 'number', default: 20, brief: 'Fetch and check at most so many, the newest' },
      },
      load: () => import('./search.ts'),
    },
    info: {
      brief: 'Show the tree head of a log, and check its signature',
      examples: [{ command: 'log info', brief: 'Of the server’s log' }],
      exits: { 5: 'the checkpoint is not signed with the key, or is of another tree', 6: 'the answer is not of the Rekor v1 API' },
      flags: logFlags,
      load: () => import('./info.ts'),
    },
  },
};
