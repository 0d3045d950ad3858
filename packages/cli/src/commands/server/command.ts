import type { Command, Flag } from '../../command/command.ts';

/** Options of the server, also understood by quickstart. */
export const serverFlags: Readonly<Record<string, Flag>> = {
  data: { kind: 'text', placeholder: 'DIR', brief: 'Data directory (default: ~/.local/share/colophon; $COLOPHON_DATA)' },
  host: { kind: 'text', placeholder: 'ADDRESS', default: '127.0.0.1', brief: 'Address to listen on' },
  port: { kind: 'number', placeholder: 'PORT', default: 7120, brief: 'Port to listen on; 0: any free one' },
  publicUrl: { kind: 'text', placeholder: 'URL', brief: 'The server as clients see it; builder.id and the log’s name come from it' },
  tlsCertificate: { kind: 'text', placeholder: 'FILE', brief: 'Certificate chain, PEM' },
  tlsKey: { kind: 'text', placeholder: 'FILE', brief: 'Key of the certificate, PEM' },
  read: { kind: 'choice', values: ['open', 'token'], default: 'open', brief: 'Who may read registry and log: anybody, or who has a token' },
  allowSource: { kind: 'text', placeholder: 'PROTOCOL', many: true, brief: 'Let runs fetch sources by http or file too' },
  sourceRoot: { kind: 'text', placeholder: 'DIR', many: true, brief: 'With file: only repositories below this folder' },
  mirror: { kind: 'text', placeholder: 'URL', brief: 'Debian mirror (default: the machine’s apt sources; $COLOPHON_DEBIAN_MIRROR)' },
  securityMirror: { kind: 'text', placeholder: 'URL', brief: 'Mirror of Debian’s security archive' },
  parallelTasks: { kind: 'number', placeholder: 'N', brief: 'TaskRuns at a time (default: the processors)' },
  chainsFormat: {
    kind: 'text',
    placeholder: 'FORMAT',
    many: true,
    brief: 'Write provenance in a format of Tekton Chains too: slsa/v1, slsa/v2alpha4 …',
  },
  passwordFile: { kind: 'text', placeholder: 'FILE', brief: 'File with the password of the keys' },
  logLevel: {
    kind: 'choice',
    values: ['trace', 'debug', 'info', 'warn', 'error'],
    default: 'info',
    brief: 'How much the server says on standard error',
  },
};

export const server: Command = {
  brief: 'Run the server: registry, log, runs, attestations on one port and one data directory',
  description:
    'Runs until it gets SIGTERM or SIGINT. At the first start it makes the keys, the log and an administrator’s token, and writes server.url, kubeconfig and docker/config.json into the data directory.',
  examples: [
    { command: 'server', brief: 'On loopback, port 7120' },
    {
      command: 'server --host 0.0.0.0 --public-url https://build.example.org --tls-certificate cert.pem --tls-key key.pem',
      brief: 'For others, with TLS',
    },
  ],
  exits: { 1: 'the server could not be started' },
  flags: serverFlags,
  load: () => import('./run.ts'),
};
