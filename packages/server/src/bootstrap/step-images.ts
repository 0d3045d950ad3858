import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse as parseYaml } from 'yaml';
import { canonicalJson, sha256Hex, type Digest } from '@colophon/core';
import { openDebianCache, parseLock, startFetch, type ChainReport, type Lock, type Mirrors } from '@colophon/debian';
import { buildImage, encoderId, parseImageSpec } from '@colophon/image';
import { manifestTypes, openLayout, type Registry } from '@colophon/oci';
import { durable, type BlobStore, type KubeObject, type ObjectStore } from '@colophon/store';
import { resources } from '../resources.ts';
import { programFiles, type ProgramFile } from './program-tree.ts';

/** What a step image was made of: the recipe that a rebuild follows. Spec of a Build in the namespace `colophon`. */
export interface BootstrapRecord {
  readonly bootstrap: {
    readonly name: string;
    readonly repository: string;
    readonly digest: Digest;
    readonly mediaType: string;
    readonly size: number;
    /** The specification as a value, and the lock. */
    readonly spec: unknown;
    readonly lock: Lock;
    readonly chain: ChainReport;
    readonly encoder: string;
    /** Local files by their path in the image, with their SHA-256; absent where the image has none. */
    readonly files: readonly { readonly path: string; readonly sha256: string }[];
    readonly node: string;
    readonly startedAt: string;
    readonly finishedAt: string;
  };
}

export interface StepImagesOptions {
  readonly registry: Registry;
  /** `HOST:PORT` of the embedded registry. */
  readonly registryHost: string;
  readonly blobs: BlobStore;
  readonly store: ObjectStore;
  readonly mirrors: Mirrors;
  /** The data directory. */
  readonly data: string;
  /** The folder of the specifications and locks. */
  readonly images: string;
  /** The command's package: where the program's files are found from. */
  readonly cli: string;
}

export interface StepImageProgress {
  readonly image: string;
  readonly phase: 'packages' | 'layers' | 'push' | 'done' | 'present';
  readonly detail?: string;
}

/** Makes the images in which steps run (a builder with Colophon and its Node, and gcc) from locked packages. What is there already with the same ingredients is kept. */
export async function makeStepImages(
  options: StepImagesOptions,
  onProgress: (event: StepImageProgress) => void,
): Promise<Readonly<Record<'builder_image' | 'gcc_image', string>>> {
  const program = programFiles(options.cli);
  const builder = await makeStepImage('builder', program, options, onProgress);
  const gcc = await makeStepImage('gcc', [], options, onProgress);
  return { builder_image: builder, gcc_image: gcc };
}

async function makeStepImage(
  name: string,
  files: readonly ProgramFile[],
  options: StepImagesOptions,
  onProgress: (event: StepImageProgress) => void,
): Promise<string> {
  const startedAt = new Date().toISOString();
  const specText = await readFile(join(options.images, `${name}.yaml`), 'utf8');
  const lock = parseLock(await readFile(join(options.images, `${name}.lock.json`)));
  const listed = await hashFiles(files);
  const ingredients = sha256Hex(canonicalJson({ specText, lock, listed, encoder: encoderId }));
  const repository = `colophon/${name}`;
  const tag = `i-${ingredients.slice(0, 32)}`;
  const present = await options.registry.getManifest(repository, tag);
  const reference = (digest: string) => `${options.registryHost}/${repository}@${digest}`;
  if (present !== undefined) {
    onProgress({ image: name, phase: 'present' });
    return reference(present.digest);
  }
  onProgress({ image: name, phase: 'packages' });
  const cache = await openDebianCache(join(options.data, 'inputs', 'debian'), { blobs: options.blobs });
  const work = join(options.data, 'bootstrap', name);
  await rm(work, { recursive: true, force: true });
  const output = join(work, 'layout');
  await durable.createDirectory(output);
  const spec = parseImageSpec(specText);
  const staged = files.length === 0 ? {} : { files: await stageFiles(files, join(work, 'files')) };
  const failed = new AbortController();
  const fetching = startFetch(lock, {
    mirrors: options.mirrors,
    cacheDirectory: cache,
    signal: failed.signal,
    onProgress: (event) => {
      if (event.kind !== 'download') return;
      onProgress({ image: name, phase: 'packages', detail: `${event.packages} of ${event.of}` });
      if (event.packages === event.of) onProgress({ image: name, phase: 'layers' });
    },
  });
  const result = await buildImage({
    spec,
    lock,
    debs: (sha256) => fetching.package(sha256) as Promise<string>,
    proven: fetching.proven,
    output,
    cache: join(options.data, 'inputs', 'layers'),
    ...staged,
  }).finally(() => failed.abort());
  onProgress({ image: name, phase: 'push' });
  const { digest, mediaType, size } = result.descriptor;
  await pushAll(output, digest, options.registry, repository, tag);
  const record: BootstrapRecord = {
    bootstrap: {
      name,
      repository: `${options.registryHost}/${repository}`,
      digest,
      mediaType,
      size,
      spec: parseYaml(specText),
      lock,
      chain: await fetching.proven,
      encoder: encoderId,
      files: listed,
      node: process.version,
      startedAt,
      finishedAt: new Date().toISOString(),
    },
  };
  await recordBuild(options.store, record, ingredients);
  await rm(work, { recursive: true, force: true });
  onProgress({ image: name, phase: 'done', detail: digest });
  return reference(digest);
}

async function hashFiles(files: readonly ProgramFile[]): Promise<{ path: string; sha256: string }[]> {
  const listed: { path: string; sha256: string }[] = [];
  for (const { source, target } of files) {
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(source)) hash.update(chunk as Buffer);
    listed.push({ path: `/${target}`, sha256: hash.digest('hex') });
  }
  return listed;
}

/** The program's files under their places in the image; modes are set, so that no umask shows. */
async function stageFiles(files: readonly ProgramFile[], root: string): Promise<string> {
  for (const { source, target, mode } of files) {
    const path = join(root, target);
    await mkdir(dirname(path), { recursive: true });
    await copyFile(source, path);
    await chmod(path, mode);
  }
  return root;
}

async function pushAll(directory: string, digest: Digest, registry: Registry, repository: string, tag: string): Promise<void> {
  const layout = await openLayout(directory);
  try {
    for (const entry of (await layout.index()).manifests) {
      for (const part of await layout.verify(entry)) {
        if (!manifestTypes.includes(part.mediaType)) await registry.putBlob(repository, layout.blob(part), { expected: part.digest });
        else
          await registry.putManifest(repository, await layout.bytes(part), {
            reference: part.digest,
            mediaType: part.mediaType,
            subject: 'bootstrap',
          });
      }
      if (entry.digest === digest)
        await registry.putManifest(repository, await layout.bytes(entry), {
          reference: tag,
          mediaType: entry.mediaType,
          subject: 'bootstrap',
        });
    }
  } finally {
    await layout.close();
  }
}

/** The attestor takes it from here, as it does for runs. */
async function recordBuild(store: ObjectStore, record: BootstrapRecord, ingredients: string): Promise<void> {
  const name = `image-${record.bootstrap.name}-${ingredients.slice(0, 16)}`;
  if ((await store.get(resources.builds, 'colophon', name)) !== undefined) return;
  const object: KubeObject = { apiVersion: 'colophon.dev/v1', kind: 'Build', metadata: { name, namespace: 'colophon' }, spec: record };
  await store.create(resources.builds, object);
}
