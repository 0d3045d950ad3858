// Every push builds: a real git server, whose post-receive hook sends GitHub's push payload with curl, signed by openssl.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attested, condition, ended } from '../support/runs.ts';
import { startForge, type Forge, type HookAnswer } from '../support/forge.ts';
import { startProcess, type ServerProcess } from '../support/server.ts';
import { layoutScript, pushStepImage, whyNoRuns } from '../support/step-image.ts';
import { temporary } from '../support-data.ts';

function whyNot(): string | undefined {
  for (const program of ['git', 'curl', 'openssl']) {
    try {
      execFileSync('which', [program]);
    } catch {
      return `${program} is not installed`;
    }
  }
  return whyNoRuns();
}
const reason = whyNot();
if (reason !== undefined) console.log(`pushes are not tried: ${reason}`);

const secret = 'the secret of the webhook';
const resources = '/kubernetes/apis/tekton.dev/v1/namespaces/team/pipelineruns';

describe.skipIf(reason !== undefined)('a push to a git server', () => {
  let server: ServerProcess;
  let forge: Forge;
  let data: string;
  let remove: () => Promise<void>;
  let image: string;
  beforeAll(async () => {
    const made = await temporary();
    remove = made.remove;
    data = `${made.path}/data`;
    forge = await startForge(made.path);
    server = await startProcess({ data, allowSource: ['http'] });
    image = await pushStepImage(server);
    const hook = `${server.url}/hooks/push`;
    await forge.repository('app', { url: hook, secret });
    await forge.repository('stranger', { url: hook, secret: 'a secret of its own choice' });
    await server.json('POST', '/kubernetes/api/v1/namespaces/team/secrets', {
      metadata: { name: 'app-webhook', namespace: 'team' },
      stringData: { 'webhook.secret': secret },
    });
    await server.json('POST', '/kubernetes/apis/colophon.dev/v1/namespaces/team/repositories', {
      apiVersion: 'colophon.dev/v1',
      kind: 'Repository',
      metadata: { name: 'app', namespace: 'team' },
      spec: { url: forge.url('app'), webhookSecret: { name: 'app-webhook' } },
    });
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await forge.close();
    await remove();
  });

  const pipeline = (word: string) => `
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata:
  generateName: app-
  annotations:
    pipelinesascode.tekton.dev/on-event: "[push]"
    pipelinesascode.tekton.dev/on-target-branch: "[main, release-*]"
spec:
  workspaces:
    - name: source
      csi:
        driver: source.colophon.dev
        readOnly: true
        volumeAttributes: { uri: "git+{{ repo_url }}", revision: "{{ revision }}" }
    - name: images
      csi: { driver: images.colophon.dev, volumeAttributes: { repository: "{{ registry }}/team" } }
  pipelineSpec:
    workspaces: [{ name: source }, { name: images }]
    tasks:
      - name: only
        workspaces: [{ name: source }, { name: images }]
        taskSpec:
          workspaces: [{ name: source, mountPath: /source }, { name: images, mountPath: /images }]
          results: [{ name: word }]
          steps:
            - name: a
              image: ${image}
              script: |
                #!/bin/sh
                set -e
                # ${word}
                cat /source/word > $(results.word.path)
${layoutScript('app', '$(cat /source/word)').replaceAll(/^(?=.)/gm, '                ')}
`;
  const files = (word: string) => ({ '.tekton/build.yaml': pipeline(word), word });
  const runs = async () => (await server.json('GET', resources)).items as { metadata: { name: string } }[];
  const redeliver = (answer: HookAnswer, changes: { id?: string; signature?: string } = {}) => {
    const { id, signature, body } = { ...answer.delivery, ...changes };
    const headers = {
      'x-github-event': 'push',
      'x-github-delivery': id,
      'x-hub-signature-256': `sha256=${signature}`,
      'content-type': 'application/json',
    };
    return server.send({ method: 'POST', path: '/hooks/push', headers, body });
  };

  let first: HookAnswer;
  it('runs the pipeline that matches, at the pushed commit, and what it made is attested', async () => {
    const { commit, answers } = await forge.push('app', 'main', files('first'));
    [first] = answers as [HookAnswer];
    expect([answers.length, first.status, first.body]).toEqual([1, 202, first.body]);
    const [started] = (JSON.parse(first.body) as { runs: { name: string; namespace: string }[] }).runs;
    const run = await ended(server, 'pipelineruns', started?.name ?? '', started?.namespace);
    expect([condition(run)?.reason, condition(run)?.message]).toEqual(['Succeeded', expect.any(String)]);
    expect(run.metadata.labels).toMatchObject({ 'pipelinesascode.tekton.dev/sha': commit });

    const build = await attested(server, run);
    const { uuid } = build.status.items.find(({ name }: { name: string }) => name === 'provenance');
    const [entry] = Object.values<{ attestation: { data: string } }>(await server.json('GET', `/api/v1/log/entries/${uuid}`));
    const { subject, predicate } = JSON.parse(Buffer.from(entry?.attestation.data ?? '', 'base64').toString());
    expect(subject.map(({ name }: { name: string }) => name)).toEqual([`${server.host}/team/app`]);
    const source = predicate.buildDefinition.resolvedDependencies.find(({ name }: { name: string }) => name === 'source/source');
    expect([source.uri, source.digest.gitCommit]).toEqual([`git+${forge.url('app')}`, commit]);
  });

  it('a branch that does not match starts nothing, and the answer says so', async () => {
    const before = await runs();
    const { answers } = await forge.push('app', 'experiment', files('second'));
    expect(answers.map(({ status }) => status)).toEqual([202]);
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({
      runs: [],
      skipped: [{ file: 'build.yaml', reason: expect.stringContaining('match') }],
    });
    expect(await runs()).toEqual(before);
  });

  it('the next push builds again; the pipeline is the pushed commit’s own', async () => {
    const before = (await runs()).length;
    const { answers } = await forge.push('app', 'release-1', files('third'));
    const [started] = (JSON.parse(answers[0]?.body ?? '') as { runs: { name: string }[] }).runs;
    const run = await ended(server, 'pipelineruns', started?.name ?? '', 'team');
    expect(condition(run)?.reason).toBe('Succeeded');
    expect(JSON.stringify(run.spec)).toContain('# third');
    expect(await runs()).toHaveLength(before + 1);
  });

  it('a deleted branch starts nothing', async () => {
    const before = (await runs()).length;
    await forge.git('app', 'push', '--quiet', 'origin', ':release-1');
    expect(await runs()).toHaveLength(before);
  });

  it('a replayed delivery is refused: as it was, under another id, after a restart', async () => {
    const before = (await runs()).length;
    const { host } = server;
    for (const restart of [false, true]) {
      if (restart) {
        await server.kill('SIGTERM');
        server = await startProcess({ data, allowSource: ['http'], port: Number(host.split(':')[1]) });
      }
      expect((await redeliver(first)).status).toBe(409);
      expect((await redeliver(first, { id: '00000000-0000-4000-8000-000000000000' })).status).toBe(409);
    }
    expect(await runs()).toHaveLength(before);
  });

  it('a wrong secret is refused, and so is a repository that is not registered: with the same answer', async () => {
    const before = (await runs()).length;
    const wrong = await redeliver(first, { id: '11111111-0000-4000-8000-000000000000', signature: 'f'.repeat(64) });
    const { answers } = await forge.push('stranger', 'main', files('strange'));
    expect([wrong.status, answers[0]?.status]).toEqual([401, 401]);
    expect(JSON.parse(wrong.body.toString())).toEqual(JSON.parse(answers[0]?.body ?? ''));
    expect(await runs()).toHaveLength(before);
  });
});
