import { appendFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseLock, startFetch } from '@colophon/debian';
import { buildImage, imageErrors, parseImageSpec, type BuildResult, type ImageSpec } from '@colophon/image';
import { parseReference } from '@colophon/oci';
import { many, number, text, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { cacheDirectory, showProgress, sources } from '../../files/mirrors.ts';
import { readText } from '../../files/read.ts';
import type { Step } from '../../output/output.ts';
import { builtData, builtText } from './built.ts';
import { openPackages, type LockedPackages } from './packages.ts';

export const run: Handler = async (invocation) => {
  const [file = ''] = invocation.args;
  const layout = text(invocation, 'layout');
  if (layout === undefined) throw cliErrors.error('CLI_USAGE', 'an output is needed: --layout DIR');
  const repository = checkedRepository(invocation);
  const spec = parseImageSpec(await readText(file));
  const step = invocation.output.step(`Building ${spec.name}`);
  const failed = new AbortController();
  const packages = await lockedPackages(spec, file, invocation, step, AbortSignal.any([invocation.signal, failed.signal]));
  const base = text(invocation, 'base');
  const cache = layerCache(invocation);
  const variants = many(invocation, 'variant');
  const workers = number(invocation, 'workers');
  let done = 0;
  try {
    const result = await buildImage({
      spec,
      ...(packages.locks.length === 0 ? {} : { lock: packages.locks }),
      debs: (sha256) => packages.path(sha256),
      ...(packages.proven === undefined ? {} : { proven: packages.proven }),
      output: layout,
      files: text(invocation, 'files') ?? dirname(resolve(file)),
      ...(base === undefined ? {} : { base: { directory: base } }),
      ...(cache === undefined ? {} : { cache }),
      ...(variants.length === 0 ? {} : { variants }),
      ...(workers === undefined ? {} : { workers }),
      onProgress: ({ name, cached }) => step.update(`${(done += 1)} layers, ${name}${cached ? ' (from the cache)' : ''}`),
    });
    step.done(`${result.images.length} variants`);
    await writeResults(result, repository, invocation);
    const data = builtData(spec.name, layout, result, repository);
    return { data, text: ({ theme }) => builtText(data, theme) };
  } finally {
    failed.abort();
  }
};

/** `HOST/PATH` alone: the digest is what this command finds out. */
function checkedRepository(invocation: Invocation): string | undefined {
  const repository = text(invocation, 'repository');
  if (repository === undefined) {
    const flag = ['appendReferences', 'urlFile'].find((name) => text(invocation, name) !== undefined);
    if (flag !== undefined) throw cliErrors.error('CLI_USAGE', 'the file of references needs --repository HOST/NAME');
    return undefined;
  }
  const { tag, digest } = parseReference(repository);
  if (tag !== undefined || digest !== undefined)
    throw cliErrors.error('CLI_USAGE', `--repository takes a name without tag and digest, not ${repository}`);
  return repository;
}

interface ComingPackages {
  readonly locks: LockedPackages['locks'];
  path(sha256: string): string | Promise<string>;
  /** Where packages are still being fetched: when the archive is known to vouch for all of them. */
  readonly proven?: Promise<unknown>;
}

/** From --packages nothing is fetched; else what the locks name is, while the image is being built already. */
async function lockedPackages(
  spec: ImageSpec,
  file: string,
  invocation: Invocation,
  step: Step,
  signal: AbortSignal,
): Promise<ComingPackages> {
  const given = many(invocation, 'packages');
  const named = many(invocation, 'lock');
  if (given.length > 0) {
    if (named.length > 0) throw cliErrors.error('CLI_USAGE', '--packages brings its own lock.json: leave --lock out');
    return openPackages(given);
  }
  const files = named.length > 0 ? named : locksOf(spec).map((lock) => resolve(dirname(file), lock));
  const locks = await Promise.all(files.map(async (lock) => parseLock(await readText(lock))));
  const options = { ...sources(invocation), cacheDirectory: cacheDirectory(invocation, 'debian'), signal, onProgress: showProgress(step) };
  const fetches = locks.map((lock) => startFetch(lock, options));
  const proven = Promise.all(fetches.map((fetch) => fetch.proven));
  proven.catch(() => {});
  return {
    locks,
    path(sha256) {
      const path = fetches.map((fetch) => fetch.package(sha256)).find((coming) => coming !== undefined);
      if (path === undefined) throw imageErrors.error('IMAGE_PACKAGE_MISSING', `no lock names a package of sha256 ${sha256}`);
      return path;
    },
    proven,
  };
}

function locksOf({ lock }: ImageSpec): readonly string[] {
  return lock === undefined ? [] : typeof lock === 'string' ? [lock] : Object.values(lock);
}

/** In a sandbox there may be neither HOME nor a data directory: nothing is kept there unless it is asked for. */
function layerCache(invocation: Invocation): string | undefined {
  if (text(invocation, 'cache') === undefined && many(invocation, 'packages').length > 0) return undefined;
  return cacheDirectory(invocation, 'layers');
}

async function writeResults({ images, descriptor }: BuildResult, repository: string | undefined, invocation: Invocation): Promise<void> {
  const [references, url, digest] = ['appendReferences', 'urlFile', 'digestFile'].map((name) => text(invocation, name));
  try {
    if (references !== undefined) await appendFile(references, images.map((one) => `${repository}@${one.descriptor.digest}\n`).join(''));
    if (url !== undefined) await writeFile(url, repository as string);
    if (digest !== undefined) await writeFile(digest, descriptor.digest);
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot write a result: ${(cause as Error).message}`, { cause });
  }
}
