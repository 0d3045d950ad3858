import { describe, expect, it } from 'vitest';
import type { TaskOutcome, RunnerHostOptions } from '@colophon/runner';
import { testHost, whyNot, type TestHost } from './host.ts';

const missing = whyNot();
if (missing !== undefined) console.warn(`attacks on the sandbox are left out: ${missing}`);

export type Protection = NonNullable<RunnerHostOptions['without']>[number];

export interface Attacked {
  readonly host: TestHost;
  readonly outcome: TaskOutcome;
  readonly log: string;
}

/**
 * One attack, tried twice: with every protection it must fail; with the protections that it is about left out, the same attack
 * must succeed. Otherwise the first would prove nothing.
 */
export function attack(
  name: string,
  attempt: {
    /** The protections that stop it. */
    readonly stoppedBy: readonly Protection[];
    readonly plan: (host: TestHost) => Parameters<TestHost['run']>[0] | Promise<Parameters<TestHost['run']>[0]>;
    /** True if the attack got what it wanted. */
    readonly succeeded: (attacked: Attacked) => boolean | Promise<boolean>;
    /** What else must hold when it failed. */
    readonly whenStopped?: (attacked: Attacked) => void;
  },
): void {
  const run = async (without: readonly Protection[], check: (attacked: Attacked) => void | Promise<void>) => {
    const host = await testHost({ without });
    try {
      const plan = await attempt.plan(host);
      const uid = 'attack';
      const outcome = await host.run({ uid, ...plan });
      const last = outcome.steps.findLast(({ cause }) => cause !== 'skipped')?.container;
      await check({ host, outcome, log: host.log(uid, last) });
    } finally {
      await host.close();
    }
  };
  describe.skipIf(missing !== undefined)(name, () => {
    it('is stopped', () =>
      run([], async (attacked) => {
        expect(await attempt.succeeded(attacked), attacked.log).toBe(false);
        attempt.whenStopped?.(attacked);
      }));
    it(`succeeds without ${attempt.stoppedBy.join(', ')}`, () =>
      run(attempt.stoppedBy, async (attacked) => {
        expect(await attempt.succeeded(attacked), `${JSON.stringify(attacked.outcome.steps)}\n${attacked.log}`).toBe(true);
      }));
  });
}
