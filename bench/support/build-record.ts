import { createHash } from 'node:crypto';
import type { BuildRecord } from '@colophon/runner';
import type { Descriptor } from '@colophon/oci';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const fingerprint = (name: string) => sha256(name).slice(0, 40).toUpperCase();
const packageNames =
  'base-files ca-certificates gcc-14-base libc6 libgcc-s1 libgomp1 libssl3t64 libstdc++6 media-types netbase openssl-provider-legacy tzdata zlib1g debian-archive-keyring'.split(
    ' ',
  );

/** The record of a finished TaskRun as a real build of an image leaves it: a source tree, 14 packages of a signed archive, results with type hints. */
export function buildRecord(index: number, host: string, image: Descriptor): BuildRecord {
  const uid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
  const name = `build-image-${index}`;
  const repository = `${host}/bench/attested`;
  const { digest } = image as { digest: `sha256:${string}` };
  const spec = {
    results: [{ name: 'IMAGES', type: 'string' }],
    workspaces: [{ name: 'source' }, { name: 'packages' }, { name: 'images' }],
    steps: [{ name: 'build', image: `${host}/bench/builder`, command: ['colophon', 'image', 'build', '/workspace/source/images/cc.yaml'] }],
  };
  const stepDigest = `sha256:${sha256('builder')}` as const;
  const inRelease = sha256('InRelease');
  const uri = 'git+https://git.example/distroless';
  const revision = sha256(`commit ${index}`).slice(0, 40);
  return {
    version: 1,
    run: { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', namespace: 'default', name, uid },
    kind: 'TaskRun',
    uid,
    children: [],
    spec: { taskSpec: spec, timeout: '1h0m0s' },
    definitions: [{ kind: 'Task', name, spec, source: { kind: 'inline' }, digest: `sha256:${sha256(JSON.stringify(spec))}` }],
    inputs: [
      {
        workspace: 'source',
        kind: 'source',
        uri,
        revision,
        digest: { gitCommit: revision, gitTree: sha256(`tree ${index}`).slice(0, 40) },
      },
      {
        workspace: 'packages',
        kind: 'packages',
        uri,
        revision,
        path: 'images/cc.lock.json',
        digest: { sha256: sha256('lock') },
        snapshot: '2026-11-23T11:22:38Z',
        packages: packageNames.map((packageName) => ({
          name: packageName,
          version: '1.0-1',
          architecture: 'amd64',
          suite: 'trixie',
          path: `pool/main/${packageName.slice(0, 1)}/${packageName}/${packageName}_1.0-1_amd64.deb`,
          sha256: sha256(packageName),
          size: 100_000,
          source: packageName,
          sourceVersion: '1.0-1',
          signedBy: [fingerprint('first'), fingerprint('second')],
          inRelease,
        })),
      },
    ],
    stepImages: [
      {
        task: name,
        step: 'build',
        reference: `${host}/bench/builder@${stepDigest}`,
        repository: `${host}/bench/builder`,
        digest: stepDigest,
      },
    ],
    produced: [
      {
        task: name,
        workspace: 'images',
        repository,
        reference: `${repository}:latest`,
        digest,
        mediaType: image.mediaType,
        size: image.size,
      },
    ],
    results: [{ name: 'IMAGES', type: 'string', value: `${repository}@${digest}` }],
    claims: [{ result: 'IMAGES', uri: repository, digest, verdict: 'accepted' }],
    network: false,
    replayable: true,
    notReplayable: [],
    mode: 'sandbox',
    startedAt: '2026-11-24T10:00:00Z',
    finishedAt: '2026-11-24T10:00:02Z',
    outcome: { succeeded: true, reason: 'Succeeded', message: 'All Steps have completed executing' },
    status: { conditions: [{ type: 'Succeeded', status: 'True', reason: 'Succeeded' }] },
  };
}
