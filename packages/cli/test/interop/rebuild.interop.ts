// The proof that a rebuild needs nothing of the first build but what the provenance names, and that it notices one changed byte.
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { followRun } from '../../src/kube/follow.ts';
import { condition, runPath, type Run } from '../../src/kube/objects.ts';
import { readPipeline, waitForAttestation, type AttestedBuild } from '../../src/commands/quickstart/pipeline.ts';
import { makeRepository } from '../../src/commands/quickstart/repository.ts';
import { makeStepImages } from '../../src/commands/quickstart/step-images.ts';
import { examplesDirectory, programDirectory } from '../../src/program/places.ts';
import { builtProgram, startFirstServer, type FirstServer } from './support/first-server.ts';
import { serveGit, type GitServer } from './support/git-server.ts';
import { canSandboxAs, colophon, copyProgram, otherNode, type Ended } from './support/program.ts';

const missing = !existsSync(builtProgram) ? 'the program is not built' : undefined;
if (missing !== undefined) console.warn(`rebuild.interop: ${missing}`);

const stranger = 4242;
const encoderFile = '@colophon/image/dist/encoder/tokenizer.js';
const minutes = 60_000;

/** One byte: how far the encoder looks back. What it writes is still valid, only not the same. */
function changeOneByte(path: string): () => void {
  const genuine = readFileSync(path, 'utf8');
  const changed = genuine.replace('searchDepth = 14;', 'searchDepth = 15;');
  expect(changed).not.toBe(genuine);
  expect(changed.length).toBe(genuine.length);
  writeFileSync(path, changed);
  return () => writeFileSync(path, genuine);
}

describe.skipIf(missing !== undefined)('a rebuild', () => {
  const work = mkdtempSync(join(tmpdir(), 'rb-'));
  const closers: (() => Promise<void>)[] = [];
  let server: FirstServer;
  let git: GitServer;
  let images: Record<string, string>;
  let repository: Awaited<ReturnType<typeof makeRepository>>;
  let trust: string[];

  async function finish(run: object, kind: 'pipelineruns' | 'taskruns'): Promise<AttestedBuild> {
    const created = (await server.api.send('POST', runPath('default', kind), run)) as Run;
    const lines: string[] = [];
    const signal = AbortSignal.timeout(10 * minutes);
    const ended = await followRun(server.api, created, { signal, onLine: (task, _step, line) => lines.push(`${task}: ${line}`) });
    expect(condition(ended), lines.join('\n')).toMatchObject({ status: 'True' });
    return waitForAttestation(server.api, ended, signal);
  }

  /** A TaskRun of its own that assembles one small image, bound to a branch. */
  function smallRun({ annotations = {}, variant = 'latest' }: { annotations?: Record<string, string>; variant?: string } = {}): object {
    const source = { uri: git.uri('distroless'), revision: 'main' };
    const workspaces = ['source', 'packages', 'images'].map((name) => ({ name }));
    const csi = (driver: string, volumeAttributes: Record<string, string>) => ({
      csi: { driver: `${driver}.colophon.dev`, volumeAttributes },
    });
    const script = `#!/bin/sh
colophon image build $(workspaces.source.path)/images/static.yaml --variant ${variant} --packages $(workspaces.packages.path) --layout $(workspaces.images.path)/static
`;
    return {
      apiVersion: 'tekton.dev/v1',
      kind: 'TaskRun',
      metadata: { generateName: 'small-', namespace: 'default', annotations },
      spec: {
        workspaces: [
          { name: 'source', ...csi('source', source) },
          { name: 'packages', ...csi('packages', { ...source, lock: 'images/static.lock.json' }) },
          { name: 'images', ...csi('images', { repository: `${server.registry}/small` }) },
        ],
        taskSpec: { workspaces, steps: [{ name: 'assemble', image: images['builder_image'], script }] },
      },
    };
  }

  const referenceOf = (build: AttestedBuild, name: string, tag = 'latest'): string => {
    const found = build.images.find(({ reference }) => reference.endsWith(`/${name}:${tag}`));
    expect(found, name).toBeDefined();
    return `${found?.repository}@${found?.digest}`;
  };

  const rebuild = (
    image: string,
    flags: readonly string[] = [],
    circumstances: Partial<Parameters<typeof colophon>[1]> = {},
  ): Promise<Ended> => colophon(['rebuild', image, ...trust, ...flags], { main: builtProgram, ...circumstances });

  beforeAll(async () => {
    chmodSync(work, 0o755);
    repository = await makeRepository(examplesDirectory(), join(work, 'git'));
    git = await serveGit(join(work, 'git'));
    closers.push(() => git.close());
    server = await startFirstServer(join(work, 'first'));
    closers.push(() => server.stop());
    images = { ...(await makeStepImages(server.api, { update() {}, done() {}, failed() {} })) };
    for (const name of ['provenance.pub', 'log.pub']) copyFileSync(join(server.data, 'keys', name), join(work, name));
    writeFileSync(join(work, 'root.json'), await (await fetch(`${server.api.url}/trust/trusted_root.json`)).text());
    trust = ['--key', join(work, 'provenance.pub'), '--trusted-root', join(work, 'root.json')];
  }, 15 * minutes);

  afterAll(async () => {
    for (const close of closers.toReversed()) await close();
    rmSync(work, { recursive: true, force: true });
  });

  it(
    'of cc gives the same digest with another user, time zone, locale, umask, path and Node, in an empty data directory; its step images too',
    async () => {
      const pipeline = await readPipeline(join(examplesDirectory(), '.tekton', 'push.yaml'), {
        ...images,
        registry: server.registry,
        repo_url: git.uri('distroless'),
        revision: repository.commit,
      });
      const image = referenceOf(await finish(pipeline, 'pipelineruns'), 'cc');
      const place = join(work, 'another place');
      const main = copyProgram(place);
      const node = join(place, 'node26');
      copyFileSync(otherNode(join(programDirectory, '..', '..'), '26.10.0'), node);
      chmodSync(node, 0o755);
      const uid = canSandboxAs(stranger) ? stranger : undefined;
      if (uid === undefined) console.warn('rebuild.interop: another user cannot make sandboxes here: the user is the same');
      const temporary = join(work, 'temporary files');
      execFileSync('mkdir', ['-m', '1777', temporary]);
      const environment = { TZ: 'Pacific/Chatham', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8', TMPDIR: temporary };
      const { exit, data, errors } = await rebuild(image, ['--deep'], {
        main,
        node,
        umask: '077',
        cwd: temporary,
        environment,
        ...(uid === undefined ? {} : { uid }),
      });
      expect(data, errors).toMatchObject({
        verdict: 'digest-identical',
        inputs: { differences: [] },
        environment: { node: expect.stringMatching(/^v26\./) as string },
      });
      expect(exit).toBe(0);
      expect(data.environment.data).toContain(temporary);
      expect(data.others.length).toBeGreaterThan(5);
      expect(data.others.filter(({ identical }: { identical: boolean }) => !identical)).toEqual([]);
      expect(data.stepImages.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['digest-identical', 'digest-identical']);
      expect(execFileSync('ls', ['-A', temporary], { encoding: 'utf8' })).toBe('');
    },
    20 * minutes,
  );

  it(
    'takes the recorded commit, not what the branch is now',
    async () => {
      const image = referenceOf(await finish(smallRun(), 'taskruns'), 'static');
      const commit = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.org', ...args], { cwd: repository.path });
      writeFileSync(join(repository.path, 'images', 'static.yaml'), 'version: 1\nname: static\n');
      commit('commit', '--quiet', '--all', '-m', 'Something else');
      const { exit, data, errors } = await rebuild(image);
      commit('reset', '--quiet', '--hard', repository.commit);
      expect(data, errors).toMatchObject({ verdict: 'digest-identical', recorded: { sources: [{ commit: repository.commit }] } });
      expect(exit).toBe(0);
    },
    10 * minutes,
  );

  it(
    'notices an encoder that was changed by one byte behind the provenance’s back',
    async () => {
      // The builder's image is unpacked on the first machine by now. Somebody changes a byte in it there; the provenance goes on naming the genuine one.
      const digest = (images['builder_image'] as string).split('@sha256:')[1] as string;
      const restore = changeOneByte(join(server.data, 'runner', 'rootfs', digest, 'opt/colophon/node_modules', encoderFile));
      const image = referenceOf(await finish(smallRun(), 'taskruns'), 'static');
      restore();
      const genuine = referenceOf(await finish(smallRun(), 'taskruns'), 'static');
      expect(image).not.toBe(genuine);
      const { exit, data, errors } = await rebuild(image);
      expect(data, errors).toMatchObject({
        verdict: 'diffid-identical',
        accepted: false,
        inputs: { differences: [] },
        first: { field: 'encoding' },
      });
      expect(`${data.rebuilt.digest}`).toBe(genuine.split('@')[1]);
      expect(exit).toBe(10);
    },
    10 * minutes,
  );

  it(
    'of a step image notices one byte in this program’s own encoder',
    async () => {
      const place = join(work, 'changed');
      const main = copyProgram(place);
      changeOneByte(join(place, 'opt/colophon/node_modules', encoderFile));
      const { exit, data, errors } = await rebuild(images['gcc_image'] as string, [], { main });
      expect(data, errors).toMatchObject({ verdict: 'diffid-identical', first: { field: 'encoding' } });
      expect(exit).toBe(10);
    },
    10 * minutes,
  );

  it(
    'of a build with a networked step is not tried',
    async () => {
      const build = await finish(smallRun({ annotations: { 'colophon.dev/network': 'proxy' }, variant: 'nonroot' }), 'taskruns');
      const { exit, data, errors } = await rebuild(referenceOf(build, 'static', 'nonroot'));
      expect(data, errors).toMatchObject({
        verdict: 'not-replayable',
        accepted: false,
        reason: expect.stringMatching(/network/) as string,
      });
      expect(data.replay).toBeUndefined();
      expect(exit).toBe(14);
    },
    10 * minutes,
  );

  it(
    'is not tried where the provenance is not verified',
    async () => {
      const wrong = join(work, 'wrong.pub');
      execFileSync('sh', ['-c', `openssl ecparam -name prime256v1 -genkey -noout | openssl ec -pubout -out ${wrong}`], { stdio: 'ignore' });
      const image = referenceOf(await finish(smallRun(), 'taskruns'), 'static');
      const { exit, data } = await colophon(['rebuild', image, '--key', wrong, '--trusted-root', join(work, 'root.json')], {
        main: builtProgram,
      });
      expect(data).toMatchObject({ verdict: 'not-verified', verification: { verified: false } });
      expect(data.replay).toBeUndefined();
      expect(exit).toBe(6);
    },
    10 * minutes,
  );
});
