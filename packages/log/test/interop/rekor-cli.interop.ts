import { execFile } from 'node:child_process';
import { createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Log } from '../../src/index.ts';
import { serveLog } from '../server.ts';
import { intotoType, openTestLog, temporaryDirectory, testSigner } from '../support.ts';

const run = promisify(execFile);
const client = join(process.env['COLOPHON_CLIENTS'] ?? join(import.meta.dirname, '../../../../.cache/clients'), 'rekor-cli');
const missing = !existsSync(client);
if (missing) console.log(`rekor-cli is not at ${client}: its interop tests cannot run`);

describe.skipIf(missing)('rekor-cli, unmodified', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let log: Log;
  let server: Awaited<ReturnType<typeof serveLog>>;
  const files: Record<string, string> = {};

  async function file(name: string, data: string | Uint8Array): Promise<string> {
    files[name] = join(directory.path, name);
    await writeFile(files[name], data);
    return files[name];
  }

  async function cli(...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
    const env = { ...process.env, HOME: directory.path };
    try {
      return { ...(await run(client, [...args, '--rekor_server', server.url], { env })), code: 0 };
    } catch (error) {
      return error as { stdout: string; stderr: string; code: number };
    }
  }

  function envelope(statement: object): string {
    const payload = Buffer.from(JSON.stringify(statement));
    const message = Buffer.concat([Buffer.from(`DSSEv1 ${intotoType.length} ${intotoType} ${payload.length} `), payload]);
    const sig = sign('sha256', message, createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))).toString('base64');
    return JSON.stringify({ payloadType: intotoType, payload: payload.toString('base64'), signatures: [{ sig }] });
  }

  const statement = (name: string) => ({
    _type: 'https://in-toto.io/Statement/v0.1',
    subject: [{ name, digest: { sha256: createHash('sha256').update(name).digest('hex') } }],
    predicateType: 'https://slsa.dev/provenance/v0.2',
    predicate: { builder: { id: 'https://example.org/builder' }, materials: [{ uri: 'git+x', digest: { sha1: 'ab'.repeat(20) } }] },
  });

  beforeAll(async () => {
    directory = await temporaryDirectory();
    log = await openTestLog(directory.path, testSigner());
    server = await serveLog(log);
    await file('key.pub', pair.publicKey.export({ type: 'spki', format: 'pem' }));
    await file('artifact', 'what is signed');
    await file('artifact.sig', sign('sha256', readFileSync(files['artifact'] as string), pair.privateKey));
    await file('dsse.json', envelope(statement('a')));
    await file('intoto.json', envelope(statement('b')));
  });

  afterAll(async () => {
    await server.close();
    await log.close();
    await directory.remove();
  });

  const artifactHash = createHash('sha256').update('what is signed').digest('hex');
  const uploads = {
    hashedrekord: () => [
      '--type',
      'hashedrekord',
      '--artifact-hash',
      artifactHash,
      '--signature',
      files['artifact.sig'],
      '--public-key',
      files['key.pub'],
      '--pki-format',
      'x509',
    ],
    dsse: () => ['--type', 'dsse', '--artifact', files['dsse.json'], '--public-key', files['key.pub'], '--pki-format', 'x509'],
    intoto: () => ['--type', 'intoto:0.0.2', '--artifact', files['intoto.json'], '--public-key', files['key.pub'], '--pki-format', 'x509'],
  } as Record<string, () => string[]>;

  it.each(Object.keys(uploads))('upload, again, get, verify: %s', async (kind) => {
    const args = (uploads[kind] as () => string[])();
    const first = await cli('upload', ...args);
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Created entry at index \d+, available at: /) });
    const uuid = /([0-9a-f]{80})/.exec(first.stdout)?.[1] as string;
    expect(await cli('upload', ...args)).toMatchObject({ code: 0, stdout: expect.stringContaining(`Entry already exists; available at:`) });
    const got = await cli('get', '--uuid', uuid);
    expect(got, got.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`UUID: ${uuid}`) });
    const verified = await cli('verify', ...args);
    expect(verified, verified.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining(`Entry Hash: ${uuid.slice(16)}`) });
    const index = /Index: (\d+)/.exec(got.stdout)?.[1] as string;
    expect(await cli('get', '--log-index', index)).toMatchObject({ code: 0, stdout: expect.stringContaining(uuid) });
  });

  it('get | jq .Attestation shows the statement', async () => {
    const [uuid] = (await cli('search', '--sha', `sha256:${createHash('sha256').update('b').digest('hex')}`)).stdout.trim().split('\n');
    const got = await cli('get', '--uuid', uuid as string, '--format', 'json');
    expect(JSON.parse(JSON.parse(got.stdout).Attestation)).toEqual(statement('b'));
  });

  it('search by digest, artifact, key; nothing found is exit 1', async () => {
    expect((await cli('search', '--artifact', files['artifact'] as string)).stdout.trim().split('\n')).toHaveLength(1);
    expect(
      (await cli('search', '--public-key', files['key.pub'] as string, '--pki-format', 'x509')).stdout.trim().split('\n'),
    ).toHaveLength(3);
    expect((await cli('search', '--sha', `sha1:${'ab'.repeat(20)}`)).stdout.trim().split('\n')).toHaveLength(2);
    expect(await cli('search', '--sha', 'ef'.repeat(32))).toMatchObject({ code: 1 });
  });

  it('loginfo, twice with entries between: consistent', async () => {
    const first = await cli('loginfo');
    expect(first, first.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Verification Successful!') });
    await file('more', 'more');
    await file('more.sig', sign('sha256', Buffer.from('more'), pair.privateKey));
    await cli(
      'upload',
      '--type',
      'hashedrekord',
      '--artifact-hash',
      createHash('sha256').update('more').digest('hex'),
      '--signature',
      files['more.sig'] as string,
      '--public-key',
      files['key.pub'] as string,
      '--pki-format',
      'x509',
    );
    const second = await cli('loginfo');
    expect(second, second.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('Active Tree Size:       4') });
  });

  it('logproof', async () => {
    const proof = await cli('logproof', '--first-size', '1', '--last-size', '4');
    expect(proof, proof.stderr).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^Current Root Hash: [0-9a-f]{64}\nHashes: \[[0-9a-f]{64},[0-9a-f]{64}\]/),
    });
  });
});
