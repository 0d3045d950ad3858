import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PipelineRun, TaskRun } from '@colophon/pipeline';
import { pipelineRunType } from '../../src/controller/resources.ts';
import { house, imageDigest, type House } from './house.ts';

let home: House;
beforeEach(async () => void (home = await house()));
afterEach(() => home.close());

const image = (name: string, digest = imageDigest(name)) => ({
  task: 'build',
  workspace: 'out',
  repository: `registry.example/team/${name}`,
  reference: `registry.example/team/${name}:v1`,
  digest,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 7,
});

describe('workspaces', () => {
  test('ConfigMaps, Secrets, scratch and claims are mounted; what a Secret holds is masked', async () => {
    await home.apply(`
apiVersion: v1
kind: Secret
metadata: {name: password}
data: {word: ${Buffer.from('hunter2-and-more').toString('base64')}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: recipe}
data: {brownies: eggs, other: x}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: w}
spec:
  workspaces:
  - {name: vault, secret: {secretName: password, defaultMode: 256}}
  - {name: recipe, configMap: {name: recipe, items: [{key: brownies, path: deep/recipe.txt}]}}
  - {name: scratch, emptyDir: {sizeLimit: 10Mi}}
  - {name: claim, persistentVolumeClaim: {claimName: by-hand}, subPath: sub/dir}
  taskSpec:
    workspaces: [{name: vault}, {name: recipe, mountPath: /recipe, readOnly: true}, {name: scratch}, {name: claim}]
    steps:
    - name: s
      image: i
      env: [{name: WORD, valueFrom: {secretKeyRef: {name: password, key: word}}}]
      script: exit 0
`);
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'w');
    expect(run.status?.conditions?.[0]?.message).toBe('All Steps have completed executing');
    const [plan] = home.host.plans;
    expect(plan?.masks).toEqual(['hunter2-and-more', 'from-elsewhere']);
    expect(plan?.steps[0]?.env).toEqual({ PATH: '/bin', WORD: 'hunter2-and-more' });
    expect(plan?.steps[0]?.mounts.map(({ path, subPath, readOnly }) => ({ path, subPath, readOnly }))).toEqual([
      { path: '/workspace/vault', subPath: undefined, readOnly: false },
      { path: '/recipe', subPath: undefined, readOnly: true },
      { path: '/workspace/scratch', subPath: undefined, readOnly: false },
      { path: '/workspace/claim', subPath: 'sub/dir', readOnly: false },
    ]);
    expect(plan?.volumes).toMatchObject([
      { kind: 'files', mode: 256, files: { word: Buffer.from('hunter2-and-more').toString('base64') } },
      { kind: 'files', files: { 'deep/recipe.txt': Buffer.from('eggs').toString('base64') } },
      { kind: 'empty', sizeLimit: 10 * 2 ** 20 },
      { kind: 'directory', owned: true, readOnly: false, path: join(home.data, 'runner/claims/ns/_/by-hand.claim') },
    ]);
    expect((await home.record(run)).notReplayable).toEqual(['claim', 'configMap', 'secret']);
  });

  test('a template makes one directory for all tasks of the run, and goes with it', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: PipelineRun
metadata: {name: p}
spec:
  workspaces: [{name: shared, volumeClaimTemplate: {spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 10Gi}}}}}]
  pipelineSpec:
    workspaces: [{name: shared}]
    tasks:
    - {name: a, workspaces: [{name: w, workspace: shared}], taskSpec: {workspaces: [{name: w}], steps: [{name: s, image: i, script: exit 0}]}}
    - {name: b, runAfter: [a], workspaces: [{name: x, workspace: shared, subPath: deep}], taskSpec: {workspaces: [{name: x}], steps: [{name: s, image: i, script: exit 0}]}}
`);
    await home.start();
    const run = await home.finished<PipelineRun>('PipelineRun', 'p');
    expect(run.status?.conditions?.[0]?.reason).toBe('Succeeded');
    const paths = home.host.plans.map(({ volumes }) => (volumes[0] as { path: string }).path);
    expect(paths[0]).toBe(paths[1]);
    expect(home.host.plans.map(({ volumes }) => (volumes[0] as { sizeLimit?: number }).sizeLimit)).toEqual([10 * 2 ** 30, 10 * 2 ** 30]);
    expect(paths[0]).toContain(`/claims/ns/${run.metadata.uid}/pvc-`);
    expect((await home.record(run)).replayable).toBe(true);
    await home.store.delete(pipelineRunType, 'ns', 'p');
    while (existsSync(paths[0] as string)) await new Promise((resolve) => setTimeout(resolve, 5));
    await expect(home.taskRun('p-a')).rejects.toThrow('no TaskRun');
  });

  test('csi inputs are prepared by the control plane and recorded; a bad one fails the run', async () => {
    const yaml = (name: string, uri: string) => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ${name}}
spec:
  params: [{name: revision, value: main}]
  workspaces:
  - {name: src, csi: {driver: source.colophon.dev, readOnly: true, volumeAttributes: {uri: "${uri}", revision: $(params.revision)}}}
  taskSpec:
    params: [{name: revision}]
    workspaces: [{name: src}]
    steps: [{name: s, image: i, script: exit 0}]
`;
    await home.apply(yaml('good', 'git+https://good.example/x'));
    await home.apply(yaml('bad', 'git+https://bad.example/x'));
    await home.start();
    const good = await home.finished<TaskRun>('TaskRun', 'good');
    expect(home.host.plans[0]?.volumes[0]).toEqual({ kind: 'directory', name: 'workspace-0', path: '/inputs/source', readOnly: true });
    expect((await home.record(good)).inputs).toMatchObject([{ workspace: 'src', kind: 'source', uri: 'git+https://good.example/x' }]);
    const bad = await home.finished<TaskRun>('TaskRun', 'bad');
    expect(bad.status?.conditions?.[0]).toMatchObject({
      reason: 'Failed',
      message: 'an input could not be had: Error: the commit does not verify',
    });
  });

  test('images are collected after success only, and claims of others are refused', async () => {
    home.fakes.produce = ({ repository }) => (repository === 'registry.example/team' ? [image('app')] : []);
    const yaml = (name: string, script: string) => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: ${name}}
spec:
  workspaces: [{name: out, csi: {driver: images.colophon.dev, volumeAttributes: {repository: registry.example/team}}}]
  taskSpec:
    workspaces: [{name: out}]
    results: [{name: IMAGES}, {name: IMAGE_URL}, {name: IMAGE_DIGEST}, {name: CHAINS-GIT_URL}, {name: CHAINS-GIT_COMMIT}]
    steps:
    - name: s
      image: i
      script: |
        ${script}
        result IMAGES registry.example/team/app@${imageDigest('app')},registry.example/team/forged@${imageDigest('forged')}
        result IMAGE_URL registry.example/elsewhere/app
        result IMAGE_DIGEST ${imageDigest('app')}
        result CHAINS-GIT_URL https://forged.example/x
        result CHAINS-GIT_COMMIT abc
`;
    await home.apply(yaml('fails', 'exit 1'));
    await home.apply(yaml('works', ''));
    await home.start();
    await home.finished('TaskRun', 'fails');
    const works = await home.finished<TaskRun>('TaskRun', 'works');
    const record = await home.record(works);
    expect(home.fakes.collected.map(({ run }) => run.name)).toEqual(['works']);
    expect(record.produced).toMatchObject([{ repository: 'registry.example/team/app', digest: imageDigest('app') }]);
    expect(record.claims.map(({ result, verdict, reason }) => ({ result, verdict, reason }))).toEqual(
      [
        { result: 'CHAINS-GIT_URL', verdict: 'noted', reason: undefined },
        { result: 'IMAGES', verdict: 'accepted', reason: undefined },
        { result: 'IMAGES', verdict: 'refused', reason: 'this run did not produce that digest' },
        {
          result: 'IMAGE_URL',
          verdict: 'refused',
          reason: 'this run produced that digest as registry.example/team/app, not as registry.example/elsewhere/app',
        },
      ].sort(
        (left, right) =>
          works.status!.results!.findIndex(({ name }) => name === left.result) -
          works.status!.results!.findIndex(({ name }) => name === right.result),
      ),
    );
  });

  test('outputs that cannot be taken fail the run whose steps succeeded', async () => {
    home.fakes.produce = () => {
      throw new Error('layout is broken');
    };
    await home.apply(`
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: o}
spec:
  workspaces: [{name: out, csi: {driver: images.colophon.dev, volumeAttributes: {repository: registry.example/team}}}]
  taskSpec: {workspaces: [{name: out}], steps: [{name: s, image: i, script: exit 0}]}
`);
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'o');
    expect(run.status?.conditions?.[0]).toMatchObject({
      status: 'False',
      reason: 'Failed',
      message: 'images workspace "out": Error: layout is broken',
    });
    expect(run.status?.steps?.[0]?.terminationReason).toBe('Completed');
  });

  test('the network is had by annotation only, and noted', async () => {
    await home.apply(`
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: net, annotations: {colophon.dev/network: proxy, colophon.dev/push: registry.example/team/app}}
spec: {taskSpec: {steps: [{name: s, image: i, script: exit 0}]}}
---
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: {name: bad, annotations: {colophon.dev/network: host}}
spec: {taskSpec: {steps: [{name: s, image: i, script: exit 0}]}}
`);
    await home.start();
    const run = await home.finished<TaskRun>('TaskRun', 'net');
    expect(home.host.plans[0]?.network).toEqual({ kind: 'proxy', socketPath: '/sockets/proxy' });
    expect(home.fakes.opened).toMatchObject([{ network: true, push: 'registry.example/team/app' }]);
    expect(run.metadata.annotations).toMatchObject({ 'colophon.dev/replayable': 'false' });
    expect(await home.record(run)).toMatchObject({ network: true, replayable: false, notReplayable: ['network'] });
    const bad = await home.finished<TaskRun>('TaskRun', 'bad');
    expect(bad.status?.conditions?.[0]).toMatchObject({
      reason: 'TaskRunValidationFailed',
      message: '[User error] annotation colophon.dev/network must be "proxy"',
    });
  });
});
