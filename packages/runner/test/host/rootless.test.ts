import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Finding, TaskOutcome } from '@colophon/runner';
import { testHost, whyNot, type TestHost } from '../support/host.ts';
import { copyBlobs, hostProcess, type HostProcess } from '../support/host-process.ts';
import { shellStep } from '../support/steps.ts';

/** A user without a name, rights and subordinate ids. */
const user = '54321';
const asUser = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups'];

function whyNotRootless(): string | undefined {
  const missing = whyNot();
  if (missing !== undefined) return missing;
  try {
    execFileSync(asUser[0] as string, [...asUser.slice(1), 'unshare', '--user', '--map-root-user', 'true'], { stdio: 'ignore' });
    execFileSync(asUser[0] as string, [...asUser.slice(1), 'test', '-r', import.meta.filename], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'users may not make user namespaces here, or cannot read the sources';
  }
}

const missing = whyNotRootless();
if (missing !== undefined) console.warn(`rootless tests are left out: ${missing}`);

describe.skipIf(missing !== undefined)('a rootless host (user_namespaces(7))', () => {
  let source: TestHost;
  let host: HostProcess;
  const data = mkdtempSync(join(tmpdir(), 'colophon-rootless-'));
  beforeAll(async () => {
    source = await testHost();
    copyBlobs(source.data, data);
    execFileSync('chown', ['-R', `${user}:${user}`, data]);
    chmodSync(data, 0o700);
    host = await hostProcess(data, asUser);
  });
  afterAll(async () => {
    await host?.letGo();
    await source?.close();
    rmSync(data, { recursive: true, force: true });
  });
  const run = (uid: string, script: string, more: object = {}, plan: object = {}) =>
    host.client.call<TaskOutcome>('runTask', {
      uid,
      namespace: 'default',
      name: 'test',
      volumes: [],
      results: [],
      steps: [shellStep(source, 'a', script, more)],
      ...plan,
    });
  const log = (uid: string) => readFileSync(join(data, 'runs', uid, 'step-a.log'), 'utf8');

  it('runs a step as root of its sandbox, on an overlay, with an own network and the mode in its outcome', async () => {
    const outcome = await run(
      'root',
      'id -u; echo x > /etc/new; cat /etc/root-only; ls /sys/class/net /proc/sys/net 2>/dev/null; wc -l < /proc/net/dev; printf r > /tekton/results/r',
      {},
      {
        results: ['r'],
      },
    );
    expect(outcome).toMatchObject({ mode: 'sandbox-rootless', results: { r: 'r' }, steps: [{ exitCode: 0, reason: 'Completed' }] });
    expect(log('root')).toMatch(/^0\nsecret of root/);
    // Two lines of heading, and lo.
    expect(log('root')).toMatch(/\n3\n$/);
  });

  it('runs a step as another user with its single id', async () => {
    expect(await run('user', 'id -u; id -g', { user: '1001:50' })).toMatchObject({ steps: [{ exitCode: 0 }] });
    expect(log('user')).toBe('1001\n50\n');
  });

  it('keeps files of the host’s user from steps', async () => {
    mkdirSync(join(data, 'keys'), { recursive: true });
    writeFileSync(join(data, 'keys', 'k'), 'the-key');
    await run('files', `cat ${data}/keys/k; cat /proc/1/root${data}/keys/k; mount -t tmpfs x /tmp && echo MOUNTED; true`);
    expect(log('files')).not.toContain('the-key');
    expect(log('files')).not.toContain('MOUNTED');
  });

  it('bounds what a step writes, and ends it with its processes', async () => {
    await run('disk', 'dd if=/dev/zero of=/workspace/f bs=1M count=60 && echo FILLED; true', {}, { limits: { diskBytes: 16 * 2 ** 20 } });
    expect(log('disk')).toContain('No space left');
    const outcome = await run('slow', '(setsid sleep 60 &) ; trap "" TERM; while :; do sleep 1; done', { timeoutMs: 500 });
    expect(outcome.steps[0]).toMatchObject({ cause: 'timeout', exitCode: 137 });
  });

  it('says in doctor what is weaker here and what to do about it', async () => {
    const findings = await host.client.call<Finding[]>('doctor', {});
    const mode = findings.find(({ name }) => name === 'sandbox mode');
    expect(mode).toMatchObject({ state: 'limited' });
    expect(mode?.advice).toContain('--add-subuids');
    expect(findings.find(({ name }) => name === 'namespaces')).toMatchObject({ state: 'good' });
  });
});
