import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attack } from '../support/attack.ts';
import type { TestHost } from '../support/host.ts';
import { shellStep } from '../support/steps.ts';

function input(host: TestHost): string {
  const path = join(host.data, 'inputs', 'git');
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'main.c'), 'original', { mode: 0o666 });
  return path;
}

attack('changing a fetched source', {
  stoppedBy: ['read-only', 'user-namespace'],
  plan: (host) => ({
    volumes: [{ kind: 'directory', name: 'src', path: input(host), readOnly: true }],
    step: { mounts: [{ volume: 'src', path: '/src', readOnly: true }] },
    script: 'chmod 666 /src/main.c; echo forged > /src/main.c; mount -o remount,rw /src; echo forged > /src/main.c',
  }),
  succeeded: ({ host }) => readFileSync(join(host.data, 'inputs', 'git', 'main.c'), 'utf8') !== 'original',
});

attack('changing a secret that others read', {
  stoppedBy: ['read-only'],
  plan: (host) => ({
    volumes: [{ kind: 'files', name: 'conf', files: { key: Buffer.from('original').toString('base64') } }],
    steps: ['one', 'two'].map((name) =>
      shellStep(host, name, 'cat /conf/key; chmod 644 /conf/key; echo forged > /conf/key; true', {
        mounts: [{ volume: 'conf', path: '/conf', readOnly: true }],
      }),
    ),
  }),
  succeeded: ({ log }) => log.includes('forged'),
});

attack('changing what another step left: its results, exit code, script', {
  stoppedBy: ['step-folders'],
  plan: (host) => ({
    steps: [
      shellStep(host, 'one', 'echo honest > /tekton/steps/step-one/results/r'),
      shellStep(
        host,
        'two',
        [
          'steps/step-one/results/r',
          'steps/step-one/exitCode',
          'steps/0/exitCode',
          'run/0/x',
          'run/2/x',
          'scripts/script-2',
          'bin/start-2',
          'steps/step-three/results/r',
        ]
          .map((path) => `(echo forged > /tekton/${path}) 2>/dev/null && echo TAMPERED ${path}`)
          .concat('true')
          .join('\n'),
      ),
      shellStep(host, 'three', 'cat /tekton/steps/step-one/results/r /tekton/steps/step-one/exitCode', { onError: 'continue' }),
    ],
  }),
  succeeded: ({ host }) => host.log('attack', 'step-two').includes('TAMPERED'),
});

attack('changing the image for the next step', {
  stoppedBy: ['own-root', 'user-namespace'],
  plan: (host) => {
    const rootfs = join(host.data, 'runner', 'rootfs', host.image.slice('sha256:'.length));
    return {
      steps: [
        shellStep(host, 'one', `echo evil > /etc/passwd; echo evil > /host-root${rootfs}/etc/passwd; true`),
        shellStep(host, 'two', 'cat /etc/passwd'),
      ],
    };
  },
  succeeded: ({ log }) => log.includes('evil'),
});
