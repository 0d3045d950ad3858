// `colophon verify` of an OCI layout with a bundle from a file: no network, one key, words and exit codes.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inTotoPayloadType, predicateTypes, statementBytes, statementTypes, type InTotoStatement } from '@colophon/attest';
import type { Digest } from '@colophon/core';
import { createLayout, mediaTypes } from '@colophon/oci';
import { bundleBytes, generateKeyPair, loadKey, signEnvelope } from '@colophon/sign';
import type { Result } from '../../src/command/command.ts';
import { run } from '../../src/commands/verify/run.ts';
import { createOutput } from '../../src/output/output.ts';

const place = mkdtempSync(join(tmpdir(), 'colophon-verify-cli-'));
const at = (name: string) => join(place, name);
afterAll(() => rmSync(place, { recursive: true, force: true }));
let digest: Digest;

const commit = 'c'.repeat(40);

function provenanceOf(image: string): InTotoStatement {
  const packages = ['base-files', 'libc6', 'libssl3t64', 'netbase', 'tzdata', 'zlib1g'].map((name, index) => ({
    name: `package/${name}`,
    uri: `pkg:deb/debian/${name}@1%3A${index}?arch=amd64`,
    digest: { sha256: 'ee'.repeat(32) },
    annotations: { signedBy: index === 0 ? [] : ['ABCDEF'] },
  }));
  return {
    _type: statementTypes.v1,
    predicateType: predicateTypes.slsaV1,
    subject: [{ name: 'first.example/out/cc', digest: { sha256: image.slice('sha256:'.length) } }],
    predicate: {
      buildDefinition: {
        buildType: 'https://colophon.dev/buildtypes/pipelinerun/v1',
        externalParameters: { run: { kind: 'PipelineRun', namespace: 'default', name: 'images\u001b[31m' } },
        internalParameters: { replayable: false },
        resolvedDependencies: [{ name: 'source/src', uri: 'git+https://git.example/r', digest: { gitCommit: commit } }, ...packages],
      },
      runDetails: { builder: { id: 'https://build.example/builders/sandbox' }, metadata: { startedOn: '2026-01-01T00:00:00Z' } },
    },
  };
}

beforeAll(async () => {
  const layout = await createLayout(at('layout'));
  const config = await layout.putBlob(
    Buffer.from('{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":[]}}'),
    mediaTypes.config,
  );
  const image = await layout.putBlob(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: [] })),
    mediaTypes.manifest,
  );
  await layout.addManifest(image, 'latest');
  digest = image.digest;
  const pair = await generateKeyPair('password');
  const key = await loadKey(pair.private, 'password');
  writeFileSync(at('key.pub'), pair.public);
  writeFileSync(at('other.pub'), (await generateKeyPair('password')).public);
  const write = (name: string, statement: InTotoStatement, change: (text: string) => string = (text) => text) => {
    const envelope = signEnvelope(inTotoPayloadType, statementBytes(statement), [key]);
    writeFileSync(at(name), change(bundleBytes({ key: { kind: 'publicKey', hint: '' }, content: { kind: 'dsse', envelope } }).toString()));
  };
  write('good.json', provenanceOf(digest));
  write('elsewhere.json', provenanceOf(`sha256:${'00'.repeat(32)}`));
  writeFileSync(at('broken.json'), '{');
  writeFileSync(at('policy.yaml'), 'version: 1\nrequire: { transparency: none }\nkeys: [key.pub]\n');
  writeFileSync(
    at('distrust.yaml'),
    `version: 1\nrequire: { transparency: none }\nkeys: [key.pub]\ndistrust:\n  - { key: "sha256:${key.publicKey.spkiSha256}", reason: stolen }\n`,
  );
});

async function verify(flags: Record<string, unknown>, image = at('layout')): Promise<Result & { words: string; data: any }> {
  const output = createOutput({ progress: 'quiet' });
  const result = await run({
    flags: { offline: true, policy: at('policy.yaml'), ...flags },
    args: [image],
    output,
    signal: new AbortController().signal,
  });
  return { ...result, words: result.text(output) };
}

describe('verify of a layout', () => {
  it('says who built it, out of what, and who vouched', async () => {
    const { exit, words, data } = await verify({ bundle: [at('good.json')] });
    expect(exit).toBe(0);
    expect(data).toMatchObject({
      verdict: 'passed',
      trust: [{ what: 'key', from: 'policy', basis: 'given' }],
      says: [{ builder: 'https://build.example/builders/sandbox' }],
    });
    for (const text of [
      'verified',
      `git+https://git.example/r at ${commit}`,
      '6 from Debian',
      'libc6 1:1',
      'and 1 more',
      'archive key ABCDEF, for 5 of them',
      'hash alone, for 1 of them',
      'signed by',
    ])
      expect(words).toContain(text);
    expect(words).not.toContain('UNVERIFIED');
    expect(words).not.toContain('\u001b[31m');
    expect((await verify({ bundle: [at('good.json')], packages: true })).words).toContain('zlib1g 1:5');
  });

  it('3: nothing was found', async () => expect(await verify({})).toMatchObject({ exit: 3, data: { verdict: 'failed' } }));

  it('5: not from the expected source, by the expected builder, of the expected type, by somebody trusted still', async () => {
    for (const flags of [
      { sourceCommit: 'd'.repeat(40) },
      { sourceUri: 'https://git.example/other' },
      { builderId: 'https://build.example/other' },
      { type: ['spdx'] },
      { policy: at('distrust.yaml') },
    ]) {
      const { exit, words } = await verify({ bundle: [at('good.json')], ...flags });
      expect(exit).toBe(5);
      expect(words).toContain('UNVERIFIED');
    }
    const flags = {
      sourceCommit: commit,
      sourceUri: 'https://git.example/r',
      builderId: 'https://build.example/',
      type: ['slsaprovenance1'],
    };
    expect(await verify({ bundle: [at('good.json')], ...flags })).toMatchObject({ exit: 0 });
  });

  it('6: another key, about another image, unreadable; what is claimed is shown as such', async () => {
    writeFileSync(at('others.yaml'), 'version: 1\nrequire: { transparency: none }\nkeys: [other.pub]\n');
    const { exit, words, data } = await verify({ bundle: [at('good.json')], policy: at('others.yaml') });
    expect(exit).toBe(6);
    expect(words).toMatch(/not verified[\s\S]*UNVERIFIED[\s\S]*git\+https:\/\/git\.example\/r/);
    expect(data.unverified).toHaveLength(1);
    expect(data.says).toBeUndefined();
    for (const name of ['elsewhere.json', 'broken.json']) expect(await verify({ bundle: [at(name)] })).toMatchObject({ exit: 6 });
  });

  it('6: without the log’s key nothing is proven, unless the policy asks for none', async () => {
    const { exit, words } = await verify({ bundle: [at('good.json')], policy: undefined, key: [at('key.pub')] });
    expect(exit).toBe(6);
    expect(words).toContain('log-entry');
  });

  it('is refused where the command line makes no sense', async () => {
    const usage = expect.objectContaining({ exit: 2 });
    await expect(verify({ sourceCommit: 'main' })).rejects.toThrow(usage);
    await expect(verify({ issuer: 'https://issuer.example' })).rejects.toThrow(usage);
    await expect(verify({ bundle: [at('missing')] })).rejects.toThrow(usage);
    await expect(verify({}, 'registry.example/image:1')).rejects.toThrow(usage);
  });
});
