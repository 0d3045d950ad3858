import type { Command } from '../../command/command.ts';
import { trustFlags } from '../../trust/flags.ts';

export const verify: Command = {
  brief: 'Verify how an image was built: signatures, log proofs, statement and policy',
  description:
    'Finds everything that was said about an image beside it (Sigstore bundles and cosign’s .sig and .att tags), checks each piece in full and says of each whether and why. Only what passed is proof. ' +
    'Without --key, --trusted-root or --policy the keys are those of the server that holds the image, on first use: the report says so.',
  examples: [
    { command: 'verify registry.example/hello@sha256:0d877c51…', brief: 'With the keys of the Colophon that serves it' },
    {
      command:
        'verify registry.example/hello:1.2 --key provenance.pub --trusted-root trusted_root.json --source-uri https://example.org/hello',
      brief: 'With keys that you have, and the source that you expect',
    },
    {
      command: 'verify ./layout --offline --key provenance.pub --trusted-root trusted_root.json',
      brief: 'An OCI image layout, without any network',
    },
    {
      command: 'verify ./layout@sha256:0d877c51… --bundle hello.sigstore.json --key cosign.pub -o json',
      brief: 'With a bundle from a file; the whole report as JSON',
    },
  ],
  exits: {
    0: 'verified',
    3: 'nothing was found',
    5: 'what was found does not meet the policy or expectations',
    6: 'a signature or proof is invalid',
  },
  flags: {
    ...trustFlags,
    type: {
      kind: 'text',
      placeholder: 'PREDICATE',
      many: true,
      brief: 'Only statements of this type: slsaprovenance1, slsaprovenance, spdx, vsa, or a URI',
    },
    bundle: { kind: 'text', placeholder: 'FILE', many: true, brief: 'Sigstore bundle from a file, beside what is found' },
    offline: { kind: 'boolean', brief: 'Open no connection: a layout, and keys from files' },
    packages: { kind: 'boolean', brief: 'Show all packages' },
    data: {
      kind: 'text',
      placeholder: 'DIR',
      brief: 'Data directory of this machine’s server, whose keys are known (default: ~/.local/share/colophon; $COLOPHON_DATA)',
    },
  },
  args: [{ placeholder: 'IMAGE', brief: 'Reference, or the folder of an OCI layout, with :NAME or @DIGEST where it holds several images' }],
  load: () => import('./run.ts'),
};
