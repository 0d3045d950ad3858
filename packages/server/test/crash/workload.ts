import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Digest } from '@colophon/core';
import { createRegistryClient, mediaTypes, parseManifest, references, type RegistryClient } from '@colophon/oci';
import { parseLegacyManifest } from '@colophon/sign';
import type { ServerProcess } from '../support/server.ts';
import { shellRun, submit } from '../support/runs.ts';
import { layoutScript } from '../support/step-image.ts';

/** What the server has acknowledged, and must have for ever after. */
export interface Ledger {
  readonly tags: Map<string, Digest>;
  readonly entries: Map<string, { index: number; body: string }>;
  readonly objects: Map<string, string>;
  readonly runs: Set<string>;
}

export function emptyLedger(): Ledger {
  return { tags: new Map(), entries: new Map(), objects: new Map(), runs: new Set() };
}

export function clientOf(server: ServerProcess): RegistryClient {
  return createRegistryClient({
    registry: server.host,
    credentials: async () => ({ username: 'colophon', password: server.token }),
    attempts: 1,
  });
}

const user = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = Buffer.from(user.publicKey.export({ type: 'spki', format: 'pem' })).toString('base64');

/** Writes to registry, log and store, and starts runs, until it is stopped; goes on through every outage. Writes down only what was acknowledged. */
export function startWorkload(server: ServerProcess, image: string, ledger: Ledger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const work = async (one: () => Promise<void>, pause: number) => {
    while (!stopping.signal.aborted) {
      // Whatever fails was not acknowledged: the server, or a part of it, is away.
      await one().catch(() => sleep(20));
      await sleep(pause);
    }
  };
  const done = Promise.all([
    work(() => push(server, ledger), 5),
    work(() => push(server, ledger), 5),
    work(() => append(server, ledger), 0),
    work(() => append(server, ledger), 0),
    work(() => create(server, ledger), 5),
    work(() => start(server, image, ledger), 150),
  ]);
  return {
    async stop() {
      stopping.abort();
      await done;
    },
  };
}

async function push(server: ServerProcess, { tags }: Ledger): Promise<void> {
  const client = clientOf(server);
  const name = randomUUID();
  const layer = Buffer.from(`${name}\n`.repeat(500));
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', author: name, rootfs: { type: 'layers', diff_ids: [digestOf(layer)] } }),
  );
  const [configPart, layerPart] = [
    { mediaType: mediaTypes.config, digest: digestOf(config), size: config.length },
    { mediaType: mediaTypes.layer, digest: digestOf(layer), size: layer.length },
  ];
  await client.pushBlob('crash/app', configPart, config);
  await client.pushBlob('crash/app', layerPart, layer, { chunkSize: 8000 });
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config: configPart, layers: [layerPart] };
  tags.set(name, await client.pushManifest('crash/app', name, Buffer.from(JSON.stringify(manifest)), mediaTypes.manifest));
}

async function append(server: ServerProcess, { entries }: Ledger): Promise<void> {
  const message = randomUUID();
  const spec = {
    data: { hash: { algorithm: 'sha256', value: createHash('sha256').update(message).digest('hex') } },
    signature: { content: sign('sha256', Buffer.from(message), user.privateKey).toString('base64'), publicKey: { content: pem } },
  };
  const accepted = await server.json('POST', '/api/v1/log/entries', { apiVersion: '0.0.1', kind: 'hashedrekord', spec });
  for (const [uuid, { logIndex, body }] of Object.entries<{ logIndex: number; body: string }>(accepted))
    entries.set(uuid, { index: logIndex, body });
}

const maps = '/kubernetes/api/v1/namespaces/default/configmaps';

async function create(server: ServerProcess, { objects }: Ledger): Promise<void> {
  const name = `map-${randomUUID()}`;
  const made = await server.json('POST', maps, { metadata: { name, namespace: 'default' }, data: { value: name } });
  objects.set(name, made.metadata.uid as string);
}

async function start(server: ServerProcess, image: string, { runs }: Ledger): Promise<void> {
  const name = `run-${randomUUID()}`;
  const script = `${layoutScript(name, name)}\nsleep 0.2`;
  await submit(server, 'taskruns', shellRun(name, image, script, { images: `${server.host}/crash/runs` }));
  runs.add(name);
}

/** Everything in the ledger is there, as it was acknowledged; `checked` is left out, and grows. */
export async function checkLedger(server: ServerProcess, ledger: Ledger, checked: Set<string>): Promise<void> {
  const client = clientOf(server);
  const fresh = <Value>(map: Iterable<readonly [string, Value]>) => [...map].filter(([name]) => !checked.has(name));
  const lost = (what: string, name: string, found: unknown) => {
    throw new Error(`${what} ${name} was acknowledged, and is not as it was: ${JSON.stringify(found)}`);
  };
  for (const [name, digest] of fresh(ledger.tags)) {
    const found = await client.manifest('crash/app', name);
    if (found?.descriptor.digest !== digest) lost('tag', name, found?.descriptor);
    // Reading checks size and digest.
    for (const part of references(parseManifest(found?.bytes as Uint8Array, mediaTypes.manifest)))
      await client.blobBytes('crash/app', part);
    checked.add(name);
  }
  for (const [uuid, { index, body }] of fresh(ledger.entries)) {
    const found = Object.values<{ logIndex: number; body: string }>(await server.json('GET', `/api/v1/log/entries/${uuid}`))[0];
    if (found?.logIndex !== index || found.body !== body) lost('entry', uuid, found);
    checked.add(uuid);
  }
  for (const [name, uid] of fresh(ledger.objects)) {
    const found = await server.json('GET', `${maps}/${name}`);
    if (found.metadata.uid !== uid || found.data.value !== name) lost('object', name, found);
    checked.add(name);
  }
}

/** Whatever is served, acknowledged or not, is whole. */
export async function checkServed(server: ServerProcess, repository: string): Promise<number> {
  const client = clientOf(server);
  const tags = await client.tags(repository);
  for (const tag of tags) {
    const found = await client.manifest(repository, tag);
    if (found === undefined) throw new Error(`${repository}:${tag} is listed, and not served`);
    for (const part of references(found.parsed)) await client.blobBytes(repository, part);
  }
  return tags.length;
}

/** Signatures, attestations and bundles beside an image. */
export async function beside(server: ServerProcess, image: string, digest: Digest): Promise<{ att: number; sig: number; bundles: number }> {
  const client = clientOf(server);
  const repository = image.slice(image.indexOf('/') + 1);
  const layers = async (kind: string) => {
    const found = await client.manifest(repository, `${digest.replace(':', '-')}.${kind}`);
    return found === undefined ? 0 : parseLegacyManifest(found.bytes).length;
  };
  return { att: await layers('att'), sig: await layers('sig'), bundles: (await client.referrers(repository, digest)).length };
}
