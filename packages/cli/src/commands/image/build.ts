import { appendFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fetchLocked, parseLock } from '@colophon/debian';
import { buildImage, imageErrors, parseImageSpec, type BuildResult, type ImageSpec } from '@colophon/image';
import { parseReference } from '@colophon/oci';
import { many, number, text, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { cacheDirectory, showProgress, sources } from '../../files/mirrors.ts';
import { readText } from '../../files/read.ts';
import { builtData, builtText } from './built.ts';
import { openPackages, type LockedPackages } from './packages.ts';

export const run: Handler = async (invocation) => {
  const [file = ''] = invocation.args;
  const layout = text(invocation, 'layout');
  if (layout === undefined) throw cliErrors.error('CLI_USAGE', 'an output is needed: --layout DIR');
  const repository = checkedRepository(invocation);
  const spec = parseImageSpec(await readText(file));
  const packages = await lockedPackages(spec, file, invocation);
  const base = text(invocation, 'base');
  const cache = layerCache(invocation);
  const variants = many(invocation, 'variant');
  const workers = number(invocation, 'workers');
  const step = invocation.output.step(`Building ${spec.name}`);
  let done = 0;
  const result = await buildImage({
    spec,
    ...(packages.locks.length === 0 ? {} : { lock: packages.locks }),
    debs: (sha256) => packages.path(sha256),
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

/** From --packages nothing is fetched; else what the locks name is. */
async function lockedPackages(spec: ImageSpec, file: string, invocation: Invocation): Promise<LockedPackages> {
  const given = many(invocation, 'packages');
  const named = many(invocation, 'lock');
  if (given.length > 0) {
    if (named.length > 0) throw cliErrors.error('CLI_USAGE', '--packages brings its own lock.json: leave --lock out');
    return openPackages(given);
  }
  const files = named.length > 0 ? named : locksOf(spec).map((lock) => resolve(dirname(file), lock));
  const locks = await Promise.all(files.map(async (lock) => parseLock(await readText(lock))));
  const paths = new Map<string, string>();
  for (const lock of locks) {
    const step = invocation.output.step(`Fetching ${lock.packages.length} packages (${lock.architecture})`);
    const found = await fetchLocked(lock, {
      ...sources(invocation),
      cacheDirectory: cacheDirectory(invocation, 'debian'),
      signal: invocation.signal,
      onProgress: showProgress(step),
    });
    for (const [sha256, path] of found) paths.set(sha256, path);
    step.done();
  }
  return {
    locks,
    path(sha256) {
      const path = paths.get(sha256);
      if (path === undefined) throw imageErrors.error('IMAGE_PACKAGE_MISSING', `no lock names a package of sha256 ${sha256}`);
      return path;
    },
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
