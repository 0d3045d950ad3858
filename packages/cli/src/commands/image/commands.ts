import type { CommandGroup, Flag } from '../../command/command.ts';
import { mirrorFlags } from '../../files/mirror-flags.ts';

const data: Flag = { kind: 'text', placeholder: 'DIR', brief: 'Data directory (default: ~/.local/share/colophon; $COLOPHON_DATA)' };
const tag: Flag = { kind: 'text', placeholder: 'TAG', brief: 'Which image of a layout (default: the only one, else latest)' };

const targets =
  'An image is named by the directory of an OCI layout (`DIR`, `oci:DIR:TAG`, `oci:DIR@sha256:…`) or by a reference to a registry (`HOST/NAME:TAG`, `HOST/NAME@sha256:…`).';

export const image: CommandGroup = {
  brief: 'Build images from locked packages, look into them, compare them',
  commands: {
    build: {
      brief: 'Build an image, all its variants, into an OCI layout',
      description:
        'Assembles the image of a specification (docs/formats/image-spec.md). The same specification, lock, packages, base and files give the same digest on every machine. With --packages nothing is fetched; without it the packages of the specification’s lock are fetched and verified.',
      examples: [
        { command: 'image build images/cc.yaml --layout out/cc', brief: 'Fetch what the lock names, and build' },
        {
          command: 'image build images/cc.yaml --packages /workspace/packages --layout out/cc',
          brief: 'From packages that are there, without network',
        },
        { command: 'image build images/hello.yaml --base out/cc --files bin --layout out/hello', brief: 'On top of another image' },
      ],
      exits: {
        3: 'a package, base or file is missing',
        5: 'a package is not the one that the lock names, or something in it is refused',
        6: 'a lock, package or base is malformed',
      },
      flags: {
        layout: { kind: 'text', placeholder: 'DIR', brief: 'OCI layout to put the image into; made if it is not there' },
        packages: {
          kind: 'text',
          placeholder: 'DIR',
          many: true,
          brief: 'Directory with lock.json and its .deb files, whatever their names; one for each architecture',
        },
        lock: { kind: 'text', placeholder: 'FILE', many: true, brief: 'Lock instead of the one that the specification names' },
        base: { kind: 'text', placeholder: 'LAYOUT', brief: 'OCI layout of the base image' },
        files: { kind: 'text', placeholder: 'DIR', brief: 'Directory of local files (default: that of the specification)' },
        variant: { kind: 'text', placeholder: 'TAG', many: true, brief: 'Only these variants' },
        repository: {
          kind: 'text',
          placeholder: 'HOST/NAME',
          brief: 'Where the image will be pushed, for the files below; nothing is pushed',
        },
        appendReferences: { kind: 'text', placeholder: 'FILE', brief: 'Append REPOSITORY@DIGEST of every variant, one a line' },
        urlFile: { kind: 'text', placeholder: 'FILE', brief: 'Write the repository, without a newline' },
        digestFile: { kind: 'text', placeholder: 'FILE', brief: 'Write the digest of the first variant, without a newline' },
        cache: {
          kind: 'text',
          placeholder: 'DIR',
          brief: 'Keep packages and layers here (default: cache/ in the data directory; with --packages: none)',
        },
        workers: { kind: 'number', brief: 'Threads (default: one for each core); no byte depends on it' },
        ...mirrorFlags,
        data,
      },
      args: [{ placeholder: 'SPEC', brief: 'Image specification, YAML' }],
      load: () => import('./build.ts'),
    },
    show: {
      brief: 'Show an image: layers, packages, configuration',
      description: `${targets} Everything is read and checked against its digest.`,
      examples: [
        { command: 'image show out/cc --tag debug', brief: 'Of a layout' },
        { command: 'image show localhost:7120/distroless/cc:latest --packages', brief: 'Of a registry, with its Debian packages' },
      ],
      exits: { 3: 'there is no such image', 6: 'it is malformed' },
      flags: { tag, packages: { kind: 'boolean', brief: 'List the Debian packages too' }, data },
      args: [{ placeholder: 'IMAGE', brief: 'Layout or reference' }],
      load: () => import('./show.ts'),
    },
    diff: {
      brief: 'Compare two images, down to the first byte that differs',
      description: `${targets} The first is what is expected, the second what was found.`,
      examples: [
        { command: 'image diff out/cc rebuilt/cc', brief: 'Two layouts' },
        { command: 'image diff localhost:7120/distroless/cc:latest out/cc', brief: 'A registry’s image and a layout' },
      ],
      exits: {
        0: 'digest-identical: the same manifest, bit for bit',
        3: 'there is no such image',
        6: 'one of them is malformed',
        10: 'diffid-identical: the same layers and configuration, compressed otherwise',
        11: 'content-identical: the same files and the same way to run them, laid out otherwise',
        12: 'different',
      },
      flags: {
        tag,
        tagB: { kind: 'text', placeholder: 'TAG', brief: 'Which image of the second layout (default: --tag)' },
        data,
      },
      args: [
        { placeholder: 'A', brief: 'Expected: layout or reference' },
        { placeholder: 'B', brief: 'Found: layout or reference' },
      ],
      load: () => import('./diff.ts'),
    },
  },
};
