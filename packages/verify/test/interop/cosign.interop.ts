import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createAdaptorServer } from '@hono/node-server';
import { createLogRoutes } from '@colophon/log';
import { createRegistry, createRegistryClient, createRegistryRoutes, openUploads, registryMigrations } from '@colophon/oci';
import { openBlobStore, openDatabase } from '@colophon/store';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultPolicy, verifyImage, type VerifyImageOptions } from '../../src/index.ts';
import { newKey, openWorld, trustedRootOf, type World } from '../fixture.ts';

const run = promisify(execFile);
const clients = process.env['COLOPHON_CLIENTS'] ?? join(import.meta.dirname, '../../../../.cache/clients');
const missing = ['cosign2', 'cosign3'].filter((name) => !existsSync(join(clients, name)));
if (missing.length > 0) console.log(`${missing.join(', ')} not in ${clients}: the cosign interop tests cannot run`);

describe.skipIf(missing.length > 0)('cosign 2 and 3 sign into our registry and log; we verify', () => {
  let world: World;
  let host: string;
  let close: () => Promise<void>;
  let trust: VerifyImageOptions['trust'];
  const path = (name: string) => join(world.directory, name);

  async function cosign(version: 2 | 3, ...args: string[]): Promise<{ stdout: string; stderr: string; code: number }> {
    const env = {
      ...process.env,
      HOME: world.directory,
      COSIGN_PASSWORD: 'secret',
      SIGSTORE_REKOR_PUBLIC_KEY: path('rekor.pub'),
      NO_PROXY: '127.0.0.1',
    };
    try {
      return { ...(await run(join(clients, `cosign${version}`), args, { env, cwd: world.directory })), code: 0 };
    } catch (error) {
      return error as { stdout: string; stderr: string; code: number };
    }
  }

  async function pushImage(repository: string): Promise<string> {
    const client = createRegistryClient({ registry: host });
    const config = Buffer.from(
      JSON.stringify({ architecture: 'amd64', os: 'linux', author: repository, config: {}, rootfs: { type: 'layers', diff_ids: [] } }),
    );
    const descriptor = {
      mediaType: 'application/vnd.oci.image.config.v1+json',
      digest: `sha256:${createHash('sha256').update(config).digest('hex')}` as const,
      size: config.length,
    };
    await client.pushBlob(repository, descriptor, config);
    const manifest = Buffer.from(
      JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.oci.image.manifest.v1+json', config: descriptor, layers: [] }),
    );
    const digest = await client.pushManifest(repository, 'latest', manifest, 'application/vnd.oci.image.manifest.v1+json');
    return `${host}/${repository}@${digest}`;
  }

  beforeAll(async () => {
    world = await openWorld();
    const blobs = await openBlobStore(path('registry'));
    const database = await openDatabase(path('registry.sqlite'), { migrations: registryMigrations });
    const uploads = await openUploads(path('uploads'));
    const app = new Hono();
    app.route('/', createRegistryRoutes({ registry: createRegistry({ blobs, database }), uploads, authorize: () => 'test' }));
    app.route('/', createLogRoutes(world.log));
    const server = createAdaptorServer({ fetch: app.fetch });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    close = async () => {
      server.close();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await database.close();
    };
    await mkdir(path('home'), { recursive: true });
    await writeFile(path('rekor.pub'), world.log.identity.publicKeyPem);
    const trustedRoot = trustedRootOf(world.log.identity.publicKeyPem, `http://${host}`);
    await writeFile(path('trusted_root.json'), trustedRoot);
    await writeFile(
      path('signing_config.json'),
      JSON.stringify({
        mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
        rekorTlogUrls: [{ url: `http://${host}`, majorApiVersion: 1, validFor: { start: '2020-01-01T00:00:00Z' }, operator: 'colophon' }],
        rekorTlogConfig: { selector: 'ANY' },
        tsaConfig: { selector: 'ANY' },
      }),
    );
    await writeFile(
      path('predicate.json'),
      JSON.stringify({
        buildDefinition: {
          buildType: 'https://example.org/build',
          externalParameters: { x: 1 },
          resolvedDependencies: [{ uri: 'git+https://example.org/hello', digest: { gitCommit: 'ab'.repeat(20) } }],
        },
        runDetails: { builder: { id: 'https://example.org/builder' } },
      }),
    );
    const generated = await cosign(2, 'generate-key-pair');
    expect(generated.code, generated.stderr).toBe(0);
    trust = { keys: [await readFile(path('cosign.pub'), 'utf8')], trustedRoots: [trustedRoot] };
  });

  afterAll(async () => {
    await close();
    await world.close();
  });

  const ok = (result: { stderr: string; code: number }) => expect(result.code, result.stderr).toBe(0);

  it('cosign 2: sign and attest, older storage', async () => {
    const image = await pushImage('two');
    ok(await cosign(2, 'sign', '--yes', '--key', 'cosign.key', '--rekor-url', `http://${host}`, '--allow-http-registry', image));
    ok(
      await cosign(
        2,
        'attest',
        '--yes',
        '--key',
        'cosign.key',
        '--rekor-url',
        `http://${host}`,
        '--allow-http-registry',
        '--type',
        'slsaprovenance1',
        '--predicate',
        'predicate.json',
        image,
      ),
    );
    const report = await verifyImage({ reference: image, trust });
    expect(report.candidates.map(({ source, reason }) => `${source.kind}: ${reason}`)).toEqual([
      'legacy-signature: every check passed',
      'legacy-attestation: every check passed',
    ]);
    const found = await verifyImage({
      reference: `${image.split('@')[0]}:latest`,
      trust,
      expect: {
        predicateTypes: ['https://slsa.dev/provenance/v1'],
        builderId: 'https://example.org/builder',
        sourceCommit: 'ab'.repeat(20),
      },
    });
    expect(found.passed).toHaveLength(1);
    ok(await cosign(2, 'verify', '--key', 'cosign.pub', '--offline', '--allow-http-registry', image));
    ok(
      await cosign(
        2,
        'verify-attestation',
        '--key',
        'cosign.pub',
        '--offline',
        '--allow-http-registry',
        '--type',
        'slsaprovenance1',
        image,
      ),
    );
  });

  it('cosign 3: sign and attest, bundles as referrers; proofs and all', async () => {
    const image = await pushImage('three');
    const signing = [
      '--yes',
      '--key',
      'cosign.key',
      '--signing-config',
      'signing_config.json',
      '--trusted-root',
      'trusted_root.json',
      '--allow-http-registry',
    ];
    ok(await cosign(3, 'sign', ...signing, image));
    ok(await cosign(3, 'attest', ...signing, '--type', 'slsaprovenance1', '--predicate', 'predicate.json', image));
    const report = await verifyImage({
      reference: image,
      trust,
      policy: { ...defaultPolicy, require: { transparency: 'proof', timestamp: false } },
    });
    expect(report.candidates.map(({ source, reason }) => `${source.kind}: ${reason}`)).toEqual([
      'bundle: every check passed',
      'bundle: every check passed',
    ]);
    expect(report.passed.map(({ predicateType }) => predicateType).toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1))).toEqual([
      'https://sigstore.dev/cosign/sign/v1',
      'https://slsa.dev/provenance/v1',
    ]);
    ok(
      await cosign(
        3,
        'verify-attestation',
        '--key',
        'cosign.pub',
        '--trusted-root',
        'trusted_root.json',
        '--allow-http-registry',
        '--type',
        'slsaprovenance1',
        image,
      ),
    );
    const wrong = await newKey();
    const refused = await verifyImage({ reference: image, trust: { ...trust, keys: [wrong.pem] } });
    expect(refused).toMatchObject({ verdict: 'failed', passed: [] });
    expect(refused.candidates.every(({ reason }) => reason.startsWith('signature: '))).toBe(true);
  });

  it('each request is made once', async () => {
    const image = await pushImage('three');
    const requests: string[] = [];
    const counting: typeof fetch = (input, init) => {
      requests.push(`${init?.method ?? 'GET'} ${typeof input === 'string' ? input : input instanceof URL ? input.href : input.url}`);
      return fetch(input, init);
    };
    const report = await verifyImage({ reference: image, trust, registry: { fetch: counting } });
    expect(report.passed).toHaveLength(2);
    expect(new Set(requests).size).toBe(requests.length);
  });
});
