import type { Command } from '../../command/command.ts';
import { trustFlags } from '../../trust/flags.ts';

export const rebuild: Command = {
  brief: 'Build an image again from nothing but its digest, and compare',
  description:
    'Verifies the provenance of an image, starts a second server on an empty data directory, mounts exactly the recorded inputs by hash, runs the recorded pipeline in fresh sandboxes, and compares what comes out: ' +
    'digest-identical, diffid-identical (an encoder differs), content-identical (laid out differently) or different, with the first differing layer, file and field. Sources are fetched from where the provenance names them, packages from the mirrors, step images by digest.',
  examples: [
    { command: 'rebuild registry.example/cc@sha256:0d877c51…', brief: 'With the keys of the Colophon that serves it' },
    {
      command: 'rebuild registry.example/cc@sha256:0d877c51… --key provenance.pub --trusted-root trusted_root.json --deep',
      brief: 'With keys that you have, and the step images too',
    },
    {
      command: 'rebuild registry.example/cc:latest --data /var/tmp/again --keep -o json',
      brief: 'Keep the second data directory to look into',
    },
  ],
  exits: {
    0: 'digest-identical, or as good as --accept',
    3: 'no signature or attestation was found',
    5: 'the provenance does not meet the policy or expectations',
    6: 'a signature or proof of the provenance is invalid',
    10: 'diffid-identical',
    11: 'content-identical',
    12: 'different',
    13: 'the replay did not use exactly the recorded inputs',
    14: 'not replayable',
    15: 'the replay failed',
    16: 'a step image could not be rebuilt (--deep)',
    130: 'cancelled',
  },
  flags: {
    ...trustFlags,
    accept: {
      kind: 'choice',
      values: ['digest-identical', 'diffid-identical', 'content-identical'],
      default: 'digest-identical',
      brief: 'The weakest verdict that counts as a success',
    },
    deep: { kind: 'boolean', brief: 'Rebuild the step images too' },
    data: { kind: 'text', placeholder: 'DIR', brief: 'Data directory of the second server: empty or not there (default: a temporary one)' },
    keep: { kind: 'boolean', brief: 'Leave the second data directory, with both images in compare/' },
    mirror: { kind: 'text', placeholder: 'URL', brief: 'Debian mirror (default: the machine’s apt sources; $COLOPHON_DEBIAN_MIRROR)' },
    securityMirror: { kind: 'text', placeholder: 'URL', brief: 'Mirror of Debian’s security archive' },
  },
  args: [{ placeholder: 'IMAGE', brief: 'HOST/NAME@sha256:DIGEST; a tag is looked up first' }],
  load: () => import('./run.ts'),
};
