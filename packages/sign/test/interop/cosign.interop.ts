// cosign 2 and 3 read our keys, and we read theirs; each checks what the other signed.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { sha256Hex } from '@colophon/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bundleBytes,
  envelopePayload,
  generateKeyPair,
  importKeyPair,
  loadKey,
  loadPublicKey,
  parseBundle,
  signEnvelope,
  verifyEnvelope,
} from '../../src/index.ts';

const run = promisify(execFile);
const clients = process.env['COLOPHON_CLIENTS'] ?? resolve(import.meta.dirname, '../../../../.cache/clients');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cosign-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const sha256 = sha256Hex('artifact');
const statement = {
  _type: 'https://in-toto.io/Statement/v1',
  subject: [{ name: 'x', digest: { sha256 } }],
  predicateType: 'https://example.com/p',
  predicate: {},
};

describe.each(['cosign2', 'cosign3'])('%s', (name) => {
  const binary = join(clients, name);
  if (!existsSync(binary)) console.warn(`${binary} is missing: install the clients`);
  const cosign = (...argv: string[]) =>
    run(binary, argv, { cwd: folder, env: { PATH: process.env['PATH'], HOME: folder, COSIGN_PASSWORD: 'secret' } });
  const offline =
    name === 'cosign2' ? ['--tlog-upload=false'] : ['--tlog-upload=false', '--use-signing-config=false', '--new-bundle-format=false'];

  it.skipIf(!existsSync(binary)).each(['ecdsa-p256', 'ed25519'] as const)(
    'reads our %s key, and its signature is good for us',
    async (algorithm) => {
      const pair = await generateKeyPair('secret', algorithm);
      await writeFile(join(folder, 'our.key'), pair.private, { mode: 0o600 });
      await writeFile(join(folder, 'our.pub'), pair.public);
      await writeFile(join(folder, 'blob'), 'hello');
      expect((await cosign('public-key', '--key', 'our.key')).stdout).toBe(pair.public);
      await cosign('sign-blob', '--yes', '--key', 'our.key', ...offline, '--output-signature', 'blob.sig', 'blob');
      const signature = Buffer.from(await readFile(join(folder, 'blob.sig'), 'utf8'), 'base64');
      expect(loadPublicKey(pair.public).verify(Buffer.from('hello'), signature)).toBe(true);
      const ours = (await loadKey(pair.private, 'secret')).sign(Buffer.from('hello'));
      await writeFile(join(folder, 'our.sig'), ours.toString('base64'));
      const verify = [
        'verify-blob',
        '--key',
        'our.pub',
        '--insecure-ignore-tlog=true',
        '--signature',
        'our.sig',
        ...(name === 'cosign3' ? ['--new-bundle-format=false'] : []),
      ];
      await cosign(...verify, 'blob');
      await writeFile(join(folder, 'blob'), 'hullo');
      await expect(cosign(...verify, 'blob')).rejects.toThrow();
    },
  );

  it.skipIf(!existsSync(binary))('its key is read by us, imported ones too', async () => {
    await cosign('generate-key-pair', '--output-key-prefix', `${name}-theirs`);
    const theirs = await loadKey(await readFile(join(folder, `${name}-theirs.key`), 'utf8'), 'secret');
    expect(theirs.publicKey.pem).toBe(await readFile(join(folder, `${name}-theirs.pub`), 'utf8'));
    const { generateKeyPairSync } = await import('node:crypto');
    const plain = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    await writeFile(join(folder, 'plain.pem'), plain);
    const ours = await importKeyPair(plain, 'secret');
    await writeFile(join(folder, 'ours-imported.key'), ours.private);
    expect((await cosign('public-key', '--key', 'ours-imported.key')).stdout).toBe(ours.public);
    // cosign 2.5.0 of Debian cannot import any key ("unsupported public key type").
    if (name === 'cosign2') return;
    await cosign('import-key-pair', '--key', 'plain.pem', '--output-key-prefix', `${name}-imported`);
    const imported = await loadKey(await readFile(join(folder, `${name}-imported.key`), 'utf8'), 'secret');
    expect(imported.publicKey.pem).toBe(ours.public);
  });

  it.skipIf(!existsSync(binary))('checks our bundle; a changed payload and another key fail', async () => {
    const pair = await generateKeyPair('secret');
    const other = await generateKeyPair('secret');
    const key = await loadKey(pair.private, 'secret');
    await writeFile(join(folder, 'b.pub'), pair.public);
    await writeFile(join(folder, 'other.pub'), other.public);
    const envelope = signEnvelope('application/vnd.in-toto+json', Buffer.from(JSON.stringify(statement)), [key]);
    const write = (changed: typeof envelope) =>
      writeFile(
        join(folder, 'bundle.json'),
        bundleBytes({ key: { kind: 'publicKey', hint: key.publicKey.hint }, content: { kind: 'dsse', envelope: changed } }),
      );
    const verify = (pub: string) =>
      cosign(
        'verify-blob-attestation',
        '--key',
        pub,
        '--insecure-ignore-tlog=true',
        '--bundle',
        'bundle.json',
        ...(name === 'cosign2' ? ['--new-bundle-format', '--trusted-root', 'root.json'] : []),
        '--type',
        'https://example.com/p',
        'artifact',
      );
    await writeFile(join(folder, 'artifact'), 'artifact');
    await writeFile(join(folder, 'root.json'), '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}');
    await write(envelope);
    await verify('b.pub');
    await expect(verify('other.pub')).rejects.toThrow();
    await write({ ...envelope, payload: Buffer.from(JSON.stringify({ ...statement, predicate: { a: 1 } })).toString('base64') });
    await expect(verify('b.pub')).rejects.toThrow();
  });

  it.skipIf(!existsSync(binary))('writes a bundle that we read and verify', async () => {
    await cosign('generate-key-pair', '--output-key-prefix', `${name}-b`);
    await writeFile(join(folder, 'predicate.json'), '{"a":1}');
    await writeFile(join(folder, 'artifact'), 'artifact');
    await writeFile(join(folder, 'no-services.json'), '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json"}');
    const how = name === 'cosign2' ? ['--new-bundle-format', '--tlog-upload=false'] : ['--signing-config', 'no-services.json'];
    await cosign(
      'attest-blob',
      '--yes',
      '--key',
      `${name}-b.key`,
      ...how,
      '--bundle',
      'theirs.json',
      '--type',
      'https://example.com/p',
      '--predicate',
      'predicate.json',
      'artifact',
    );
    const bundle = parseBundle(await readFile(join(folder, 'theirs.json')));
    const key = loadPublicKey(await readFile(join(folder, `${name}-b.pub`), 'utf8'));
    expect(bundle.key).toEqual({ kind: 'publicKey', hint: key.hint });
    if (bundle.content.kind !== 'dsse') throw new Error('not DSSE');
    expect(verifyEnvelope(bundle.content.envelope, [key]).payload).toEqual(envelopePayload(bundle.content.envelope));
  });
});
