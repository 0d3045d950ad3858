import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { attack } from '../support/attack.ts';

const mebibyte = 2 ** 20;

for (const path of ['/file', '/workspace/file', '/tmp/file', '/tekton/home/file', '/tekton/results/file', '/vol/file'])
  attack(`filling the disk at ${path}`, {
    stoppedBy: ['disk-quota'],
    plan: () => ({
      limits: { diskBytes: 16 * mebibyte },
      volumes: [{ kind: 'empty', name: 'v', sizeLimit: 8 * mebibyte }],
      script: `dd if=/dev/zero of=${path} bs=1M count=60 && echo FILLED`,
      step: { mounts: [{ volume: 'v', path: '/vol', readOnly: false }] },
    }),
    succeeded: ({ log }) => log.includes('FILLED'),
    whenStopped: ({ log }) => expect(log).toContain('No space left'),
  });

attack('filling the disk with empty files', {
  stoppedBy: ['disk-quota'],
  plan: (host) => ({
    limits: { diskBytes: 16 * mebibyte },
    step: { image: { digest: host.perlImage } },
    script: `perl -e 'for (1..20000) { open(F, ">", "/workspace/$_") or die "no more: $!" } print "FILLED"'`,
  }),
  succeeded: ({ log }) => log.includes('FILLED'),
  whenStopped: ({ log }) => expect(log).toContain('no more'),
});

attack('memory without end', {
  stoppedBy: ['memory-limit'],
  plan: (host) => ({
    limits: { memoryBytes: 64 * mebibyte },
    step: { image: { digest: host.perlImage } },
    script: `perl -e 'my $x = "a" x (200 << 20); print length $x'`,
  }),
  succeeded: ({ log }) => log.includes(String(200 << 20)),
  whenStopped: ({ outcome }) => expect(outcome.steps[0]).toMatchObject({ reason: 'OOMKilled' }),
});

attack('a log of 50 MB', {
  stoppedBy: ['log-limit'],
  plan: () => ({ limits: { logBytes: mebibyte }, script: 'yes | head -c 52428800' }),
  succeeded: ({ host }) => statSync(join(host.data, 'runs', 'attack', 'step-a.log')).size > 2 * mebibyte,
  whenStopped: ({ log, outcome }) => {
    expect(log).toContain('[log cut off after 1048576 bytes]');
    expect(outcome.steps[0]).toMatchObject({ exitCode: 0, reason: 'Completed' });
  },
});

attack('a secret in the log, in two pieces', {
  stoppedBy: ['masking'],
  plan: () => ({ masks: ['hunter2-hunter2'], script: 'printf hunter2; sleep 0.3; echo -hunter2' }),
  succeeded: ({ log }) => log.includes('hunter2-hunter2'),
  whenStopped: ({ log }) => expect(log).toBe('***\n'),
});
