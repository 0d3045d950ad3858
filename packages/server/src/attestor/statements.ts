import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import {
  builderId,
  chainsPayload,
  imageSignatureStatement,
  provenance,
  spdxStatement,
  type ChainsConfig,
  type ChainsTaskRun,
  type LogFacts,
} from '@colophon/attest';
import { isColophonError, parseDigest } from '@colophon/core';
import type { BuildRecord } from '@colophon/runner';
import type { KubeObject, ObjectStore } from '@colophon/store';
import { stepImageStatement } from '../bootstrap/statement.ts';
import type { BootstrapRecord } from '../bootstrap/step-images.ts';
import type { FindSbom } from '../collaborators/sboms.ts';
import { resources } from '../resources.ts';
import type { Unsigned } from './attestor.ts';
import type { AttestedImage } from './build-status.ts';
import { vouched } from './vouched.ts';

export interface StatementsOptions {
  readonly store: ObjectStore;
  /** `DATA/runs`. */
  readonly logs: string;
  readonly publicUrl: () => URL;
  readonly version: string;
  readonly sbom: FindSbom;
  /** Formats of Chains that are written besides our own. */
  readonly chains: readonly ChainsConfig[];
}

/** What is signed for a finished run: its provenance, in our own build type and in Chains' formats as configured, and a signature of each image. */
export function createStatements(options: StatementsOptions): (record: BuildRecord | BootstrapRecord) => Promise<readonly Unsigned[]> {
  return async (record) => {
    if (isBootstrap(record)) return bootstrapStatements(record, options);
    const children = await childRecords(record, options.store);
    const images = imagesOf([record, ...children]);
    if (images.length === 0) return [];
    const logs = await logFacts(children.length === 0 ? [record] : children, options);
    const builder = {
      id: builderId(options.publicUrl().href.replace(/\/$/, ''), record.mode === 'none' ? 'sandbox' : record.mode),
      version: { colophon: options.version },
    };
    const own: Unsigned = { kind: 'statement', name: 'provenance', statement: provenance({ record, children, builder, logs }), images };
    const signatures = images.flatMap((image): Unsigned[] => [
      { kind: 'simplesigning', name: `signature ${image.repository}`, images: [image] },
      {
        kind: 'statement',
        name: `image signature ${image.repository}`,
        statement: imageSignatureStatement(image.digest as `sha256:${string}`),
        images: [image],
      },
    ]);
    return [own, ...(await chainsStatements(record, children, images, options)), ...(await sbomStatements(images, options)), ...signatures];
  };
}

function isBootstrap(record: BuildRecord | BootstrapRecord): record is BootstrapRecord {
  return 'bootstrap' in record;
}

function bootstrapStatements(record: BootstrapRecord, { publicUrl, version }: StatementsOptions): Unsigned[] {
  const { repository, digest, mediaType, size } = record.bootstrap;
  const images = [{ repository, digest, mediaType, size }];
  const statement = stepImageStatement(record, publicUrl().href.replace(/\/$/, ''), version);
  return [
    { kind: 'statement', name: 'provenance', statement, images },
    { kind: 'simplesigning', name: 'signature', images },
    { kind: 'statement', name: 'image signature', statement: imageSignatureStatement(digest as `sha256:${string}`), images },
  ];
}

async function childRecords(record: BuildRecord, store: ObjectStore): Promise<BuildRecord[]> {
  const records: BuildRecord[] = [];
  for (const { uid, namespace } of record.children) {
    const build = await store.get(resources.builds, namespace, uid);
    if (build !== undefined) records.push(build.spec as BuildRecord);
  }
  return records;
}

/** Each repository and digest once, whatever its tags. */
function imagesOf(records: readonly BuildRecord[]): AttestedImage[] {
  const images = new Map<string, AttestedImage>();
  for (const { produced } of records) {
    for (const { repository, digest, mediaType, size } of produced)
      images.set(`${repository}@${digest}`, { repository, digest, mediaType, size });
  }
  return [...images.values()].toSorted((left, right) =>
    `${left.repository}@${left.digest}` < `${right.repository}@${right.digest}` ? -1 : 1,
  );
}

/** Digests of the logs as they are kept; a step that never ran has none. */
async function logFacts(records: readonly BuildRecord[], { store, logs }: StatementsOptions): Promise<LogFacts[]> {
  const facts: LogFacts[] = [];
  for (const record of records) {
    const { run, uid } = record;
    const taskRun = run.kind === 'TaskRun' ? await finishedRun(record, store) : undefined;
    const steps = (taskRun?.status?.steps ?? []) as { name: string; container: string }[];
    for (const { name, container } of steps) {
      const hash = createHash('sha256');
      let size = 0;
      try {
        for await (const chunk of createReadStream(join(logs, uid, `${container}.log`))) {
          hash.update(chunk as Buffer);
          size += (chunk as Buffer).length;
        }
      } catch {
        continue;
      }
      const task = taskRun?.metadata.labels?.['tekton.dev/pipelineTask'] ?? run.name;
      facts.push({ task, step: name, sha256: hash.digest('hex'), size });
    }
  }
  return facts;
}

/**
 * The run as it ended. Its record is there before its status can be read, and is the control plane's own: the object may be gone by now, be another one of the
 * same name, or have a status that somebody wrote over.
 */
async function finishedRun({ run, spec, status }: BuildRecord, store: ObjectStore): Promise<ChainsTaskRun & KubeObject> {
  const { apiVersion, kind, namespace, name, uid } = run;
  const found = await store.get(kind === 'PipelineRun' ? resources.pipelineruns : resources.taskruns, namespace, name);
  const metadata = found?.metadata.uid === uid ? found.metadata : { namespace, name, uid };
  return { apiVersion, kind, metadata, spec, status };
}

async function sbomStatements(images: readonly AttestedImage[], { sbom }: StatementsOptions): Promise<Unsigned[]> {
  const statements: Unsigned[] = [];
  for (const image of images) {
    const document = await sbom(image);
    if (document === undefined) continue;
    const subject = { name: image.repository, digest: { sha256: parseDigest(image.digest).hex } };
    statements.push({
      kind: 'statement',
      name: `SBOM ${image.repository}`,
      statement: spdxStatement([subject], document),
      images: [image],
    });
  }
  return statements;
}

async function chainsStatements(
  record: BuildRecord,
  children: readonly BuildRecord[],
  images: readonly AttestedImage[],
  { store, chains }: StatementsOptions,
): Promise<Unsigned[]> {
  if (chains.length === 0) return [];
  const object = await finishedRun(record, store);
  const present = await Promise.all(children.map((child) => finishedRun(child, store)));
  const statements: Unsigned[] = [];
  // As Chains does: for the run, and for each of its TaskRuns too.
  for (const [config, which] of chains.flatMap((config) => [object, ...present].map((which) => [config, which] as const))) {
    try {
      const { payloads } = chainsPayload(config, which, which === object ? present : []);
      for (const [key, payload] of Object.entries(payloads)) {
        // Its simple signing is what our own signature of each image is already.
        const found = payload.kind === 'statement' ? vouched(payload.statement, images) : undefined;
        if (found !== undefined) statements.push({ kind: 'statement', name: `chains ${key}`, ...found });
      }
    } catch (error) {
      // Chains gives such runs up too; our own provenance does not depend on it.
      if (!isColophonError(error)) throw error;
    }
  }
  return statements;
}
