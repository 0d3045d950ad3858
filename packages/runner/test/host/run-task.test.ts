import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testHost, whyNot, type TestHost } from '../support/host.ts';

const missing = whyNot();
if (missing !== undefined) console.warn(`sandbox tests are left out: ${missing}`);

let host: TestHost;
describe.skipIf(missing !== undefined)('a task in the sandbox', () => {
  beforeAll(async () => void (host = await testHost()));
  afterAll(() => host.close());

  const step = (name: string, script: string, more: object = {}) => ({
    name,
    container: `step-${name}`,
    image: { digest: host.image },
    script: `#!/bin/sh\n${script}\n`,
    argv: [],
    env: {},
    workingDir: '/workspace',
    user: '',
    mounts: [],
    onError: 'stopAndFail' as const,
    ...more,
  });

  it('runs steps in order, shares /workspace, keeps logs, reads results', async () => {
    const outcome = await host.run({
      uid: 'order',
      results: ['greeting', 'missing'],
      steps: [
        step('one', 'echo first > file; echo out; echo err >&2'),
        step('two', 'cat file; printf hello > /tekton/results/greeting; cat /tekton/steps/step-one/exitCode'),
      ],
    });
    expect(outcome).toMatchObject({
      mode: 'sandbox',
      results: { greeting: 'hello' },
      refused: {},
      steps: [
        { exitCode: 0, reason: 'Completed' },
        { exitCode: 0, reason: 'Completed' },
      ],
    });
    expect(host.log('order', 'step-one').split('\n').toSorted()).toEqual(['', 'err', 'out']);
    expect(host.log('order', 'step-two')).toBe('first\n0');
  });

  it('stops after a failure, goes on after one with continue', async () => {
    const stopped = await host.run({ steps: [step('a', 'exit 3'), step('b', 'true')] });
    expect(stopped.steps).toMatchObject([{ exitCode: 3, reason: 'Error' }, { cause: 'skipped' }]);
    const went = await host.run({
      steps: [step('a', 'exit 3', { onError: 'continue' }), step('b', 'exit $(cat /tekton/steps/step-a/exitCode)')],
    });
    expect(went.steps.map(({ exitCode }) => exitCode)).toEqual([3, 3]);
  });

  it('runs argv, environment, working folder and user as the plan says', async () => {
    const outcome = await host.run({
      uid: 'as',
      steps: [
        step('a', '', {
          script: undefined,
          argv: ['sh', '-c', 'echo "$A $PWD $(id -u):$(id -g) $HOME"'],
          env: { A: 'b c' },
          workingDir: '/tmp',
          user: '1001:50',
        }),
      ],
    });
    expect(outcome.steps[0]).toMatchObject({ exitCode: 0 });
    expect(host.log('as')).toBe('b c /tmp 1001:50 /tekton/home\n');
    await host.run({ uid: 'named', steps: [step('a', 'id -u; id -g', { user: 'user' })] });
    expect(host.log('named')).toBe('1001\n1001\n');
  });

  it('lets root of the step change owners of its own files, and no more', async () => {
    await host.run({ uid: 'chown', script: 'touch f && chown 5:6 f && stat -c %u:%g f && grep CapEff /proc/self/status' });
    const [owner, capabilities] = host.log('chown').trim().split('\n');
    expect(owner).toBe('5:6');
    // No CAP_SYS_ADMIN (21), no CAP_SYS_PTRACE (19), no CAP_NET_ADMIN (12).
    const bits = BigInt(`0x${/CapEff:\s*([0-9a-f]+)/.exec(capabilities as string)?.[1]}`);
    for (const bit of [21n, 19n, 12n, 16n, 27n]) expect(bits & (1n << bit)).toBe(0n);
  });

  it('mounts directories read-only or not, files of secrets, and folders within volumes', async () => {
    const source = join(host.data, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'f'), 'input');
    const outcome = await host.run({
      uid: 'mounts',
      volumes: [
        { kind: 'directory', name: 'src', path: source, readOnly: true },
        { kind: 'files', name: 'secret', files: { 'dir/key': Buffer.from('s3cret-value').toString('base64') } },
        { kind: 'empty', name: 'scratch' },
      ],
      masks: ['s3cret-value'],
      steps: [
        step('a', 'cat /src/f; echo x > /src/f; cat /secret/dir/key; echo y > /deep/er/out; ls /deep/er', {
          mounts: [
            { volume: 'src', path: '/src', readOnly: false },
            { volume: 'secret', path: '/secret', readOnly: true },
            { volume: 'scratch', path: '/deep/er', subPath: 'x/y', readOnly: false },
          ],
        }),
      ],
    });
    expect(outcome.steps[0]?.exitCode).toBe(0);
    const log = host.log('mounts');
    expect(log).toContain('input');
    expect(log).toContain('Read-only file system');
    expect(log).toContain('***');
    expect(log).not.toContain('s3cret-value');
    expect(log).toContain('out\n');
    expect(readFileSync(join(source, 'f'), 'utf8')).toBe('input');
  });

  it('starts every step from the image alone', async () => {
    const outcome = await host.run({
      steps: [
        step('a', 'echo evil > /bin/new; rm /bin/ls; echo changed > /etc/passwd'),
        step('b', 'test ! -e /bin/new && ls / >/dev/null && grep -q user /etc/passwd'),
      ],
    });
    expect(outcome.steps.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  });

  it('ends a step, a task and a cancelled task, and says which it was', async () => {
    const slow = step('a', 'sleep 60', { timeoutMs: 300 });
    expect((await host.run({ steps: [slow] })).steps[0]).toMatchObject({ cause: 'timeout', reason: 'Error' });
    expect(await host.run({ timeoutMs: 300, steps: [step('a', 'sleep 60'), step('b', 'true')] })).toMatchObject({
      cause: 'timeout',
      steps: [{ cause: 'task-timeout' }, { cause: 'task-timeout' }],
    });
    const running = host.run(
      { uid: 'cancel-me', script: 'sleep 60' },
      { onEvent: (event) => void (event.type === 'step-started' && host.client.call('cancelTask', { uid: 'cancel-me' })) },
    );
    expect(await running).toMatchObject({ cause: 'cancelled', steps: [{ cause: 'cancelled' }] });
  });

  it('refuses plans that it does not understand', async () => {
    await expect(host.client.call('runTask', { uid: '../x' })).rejects.toMatchObject({ code: 'RUNNER_PLAN_INVALID' });
    await expect(host.run({ volumes: [{ kind: 'directory', name: 'v', path: '/a/../../etc', readOnly: true }] })).rejects.toMatchObject({
      code: 'RUNNER_PLAN_INVALID',
    });
  });
});
