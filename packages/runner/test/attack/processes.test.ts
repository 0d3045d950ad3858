import { readFileSync, readdirSync } from 'node:fs';
import { afterEach, expect } from 'vitest';
import { attack } from '../support/attack.ts';
import { shellStep } from '../support/steps.ts';

/** The pids on this machine whose command line holds a text that only our attack has. */
function alive(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && name !== String(process.pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    })
    .map(Number);
}

const marks = { step: `outlive-step-${process.pid}`, timeout: `outlive-timeout-${process.pid}` };
afterEach(() => {
  for (const mark of Object.values(marks)) for (const pid of alive(mark)) process.kill(pid, 'SIGKILL');
});

/** Forks twice, leaves the session, ignores what can be ignored, holds no output. Ends by itself at last, should the sandbox fail. */
const daemon = (mark: string) =>
  `(setsid sh -c 'trap "" TERM HUP INT; for i in $(seq 300); do echo $i > /workspace/beat; sleep 0.1; done' ${mark} > /dev/null 2>&1 < /dev/null &)`;

attack('outliving the step', {
  stoppedBy: ['pid-namespace', 'control-groups'],
  plan: (host) => ({
    steps: [
      shellStep(host, 'one', `${daemon(marks.step)}; sleep 0.5`),
      shellStep(host, 'two', 'before=$(cat beat); sleep 1; test "$before" = "$(cat beat)" || echo ALIVE'),
    ],
  }),
  succeeded: ({ log }) => log.includes('ALIVE'),
});

attack('outliving the timeout', {
  stoppedBy: ['pid-namespace', 'control-groups'],
  plan: (host) => ({
    steps: [shellStep(host, 'one', `${daemon(marks.timeout)}; trap "" TERM INT; while :; do sleep 1; done`, { timeoutMs: 1000 })],
  }),
  succeeded: () => alive(marks.timeout).length > 0,
  whenStopped: ({ outcome }) => expect(outcome.steps[0]).toMatchObject({ cause: 'timeout', exitCode: 137 }),
});

attack('seeing or killing processes of the machine', {
  stoppedBy: ['pid-namespace', 'user-namespace'],
  plan: () => ({ script: `ls /proc | grep -x ${process.pid} && echo SEEN; kill -0 ${process.pid} && echo REACHED` }),
  succeeded: ({ log }) => log.includes('REACHED'),
  whenStopped: ({ log }) => expect(log).not.toContain('SEEN'),
});

attack('a fork bomb', {
  stoppedBy: ['pids-limit'],
  // Bounded, should nothing stop it.
  plan: () => ({ limits: { pids: 40 }, script: 'for i in $(seq 120); do sleep 20 & done; echo ALL' }),
  succeeded: ({ log }) => log.includes('ALL') && !log.includes('fork'),
});
