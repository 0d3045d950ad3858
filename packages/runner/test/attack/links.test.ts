import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attack } from '../support/attack.ts';
import { testHost, whyNot, type TestHost } from '../support/host.ts';
import { shellStep } from '../support/steps.ts';

const secret = 'a-file-of-the-host';
const outside = mkdtempSync(join(tmpdir(), 'colophon-outside-'));
beforeAll(() => {
  // Readable for all: only the link matters.
  mkdirSync(join(outside, 'public'), { mode: 0o755 });
  writeFileSync(join(outside, 'public', 'file'), secret, { mode: 0o644 });
});
afterAll(() => rmSync(outside, { recursive: true }));

attack('a link in a workspace, mounted by a later step', {
  stoppedBy: ['no-follow', 'own-root', 'user-namespace'],
  plan: (host) => {
    const ws = { volume: 'ws', readOnly: false };
    return {
      volumes: [{ kind: 'empty', name: 'ws' }],
      steps: [
        shellStep(host, 'one', `ln -s ${outside}/public /ws/sub`, { mounts: [{ ...ws, path: '/ws' }] }),
        shellStep(host, 'two', 'cat /stolen/file', { mounts: [{ ...ws, path: '/stolen', subPath: 'sub' }] }),
      ],
    };
  },
  succeeded: ({ log }) => log.includes(secret),
  whenStopped: ({ outcome }) => expect(outcome.steps[1]?.message).toContain('is a symbolic link'),
});

attack('a link as a result', {
  stoppedBy: ['no-follow'],
  plan: () => ({ results: ['r'], script: `ln -s ${outside}/public/file /tekton/results/r` }),
  succeeded: ({ outcome }) => outcome.results['r'] === secret,
  whenStopped: ({ outcome }) => expect(outcome.refused['r']).toContain('symbolic link'),
});

const missing = whyNot();
describe.skipIf(missing !== undefined)('links elsewhere', () => {
  let host: TestHost;
  beforeAll(async () => void (host = await testHost()));
  afterAll(() => host.close());

  it('does not mount over a link that a step made', async () => {
    const outcome = await host.run({
      volumes: [
        { kind: 'empty', name: 'ws' },
        { kind: 'empty', name: 'inner' },
      ],
      steps: [
        shellStep(host, 'one', 'ln -s /oldroot/task/tekton /ws/inner', { mounts: [{ volume: 'ws', path: '/ws', readOnly: false }] }),
        shellStep(host, 'two', 'true', {
          mounts: [
            { volume: 'ws', path: '/ws', readOnly: false },
            { volume: 'inner', path: '/ws/inner', readOnly: false },
          ],
        }),
      ],
    });
    expect(outcome.steps[1]).toMatchObject({ exitCode: 128, reason: 'Error' });
    expect(outcome.steps[1]?.message).toContain('is a symbolic link');
  });

  it('makes mount points within the image, whatever the image’s links say', async () => {
    const entry = { type: 'symlink', mode: 0o777, uid: 0, gid: 0, mtime: 0 };
    const { writeTar } = await import('@colophon/image');
    const links = [
      { ...entry, path: 'workspace', linkTarget: '/oldroot/tmp' },
      { ...entry, path: 'data', linkTarget: '../../../../elsewhere' },
    ];
    const image = await host.addImage([...host.perlLayers, Buffer.from(writeTar(links as never))], { Env: ['PATH=/bin'] });
    const uid = 'image-links';
    const outcome = await host.run({
      uid,
      volumes: [{ kind: 'empty', name: 'v' }],
      steps: [
        shellStep(host, 'a', 'echo x > /data/f; ls /elsewhere /oldroot', {
          image: { digest: image },
          workingDir: '/',
          mounts: [{ volume: 'v', path: '/data', readOnly: false }],
        }),
      ],
    });
    expect(outcome.steps[0]?.exitCode, host.log(uid)).toBe(0);
    // Both are folders of the step's own root.
    expect(host.log(uid)).toBe('/elsewhere:\nf\n\n/oldroot:\ntmp\n');
  });

  it('takes no layout whose files are links; a reader that follows would have read the host’s file', async () => {
    const directory = join(host.data, 'images');
    mkdirSync(join(directory, 'app', 'blobs', 'sha256'), { recursive: true });
    writeFileSync(join(directory, 'app', 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
    symlinkSync(join(outside, 'public', 'file'), join(directory, 'app', 'index.json'));
    await expect(host.client.call('collectLayouts', { directory })).rejects.toMatchObject({ code: 'RUNNER_OUTPUT_INVALID' });
    expect(readFileSync(join(directory, 'app', 'index.json'), 'utf8')).toBe(secret);
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    symlinkSync(outside, join(directory, 'app'));
    await expect(host.client.call('collectLayouts', { directory })).rejects.toMatchObject({ code: 'RUNNER_OUTPUT_INVALID' });
  });
});
