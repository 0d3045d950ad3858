import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDigest, type Digest } from '@colophon/core';
import { imageErrors } from '@colophon/image';
import {
  createLayout,
  createRegistryClient,
  openLayout,
  parseReference,
  pullToLayout,
  referenceTarget,
  refNameKey,
  type Layout,
} from '@colophon/oci';
import { credentials } from '../../client/credentials.ts';
import type { Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';

/** An image that a person named, opened. What a registry gave was pulled into a layout of its own, which `close` removes. */
export interface ImageTarget {
  readonly layout: Layout;
  readonly wanted: { readonly digest?: Digest; readonly tag?: string };
  close(): Promise<void>;
}

/** `DIR`, `oci:DIR[:TAG]`, `oci:DIR@DIGEST`, or a registry's reference. A name that is a directory here is a layout. */
export async function openTarget(name: string, tag: string | undefined, invocation: Invocation): Promise<ImageTarget> {
  const place = await layoutPlace(name);
  if (place === undefined) return pull(name, tag, invocation);
  const layout = await openLayout(place.directory);
  const digest = place.digest === undefined ? {} : { digest: place.digest };
  const chosen = place.tag ?? tag;
  return { layout, wanted: { ...digest, ...(chosen === undefined ? {} : { tag: chosen }) }, close: () => layout.close() };
}

/** The digest that is meant: the tag's, else `latest`, else the only image's. Throws IMAGE_NOT_FOUND. */
export async function digestIn({ layout, wanted }: ImageTarget): Promise<Digest> {
  if (wanted.digest !== undefined) return wanted.digest;
  // Referrers (the SBOMs) stand in the index too, but have no name.
  const { manifests } = await layout.index();
  const named = manifests.filter(({ annotations }) => annotations?.[refNameKey] !== undefined);
  const all = named.length > 0 ? named : manifests;
  const found =
    all.find(({ annotations }) => annotations?.[refNameKey] === (wanted.tag ?? 'latest')) ??
    (wanted.tag === undefined && all.length === 1 ? all[0] : undefined);
  if (found !== undefined) return found.digest;
  const names = all.map(({ annotations, digest }) => annotations?.[refNameKey] ?? digest).join(', ');
  throw imageErrors.error('IMAGE_NOT_FOUND', `the layout has no image ${wanted.tag ?? 'latest'}; it has: ${names || 'none'}`);
}

async function layoutPlace(name: string): Promise<{ directory: string; tag?: string; digest?: Digest } | undefined> {
  const explicit = name.startsWith('oci:');
  const path = explicit ? name.slice(4) : name;
  if (await isDirectory(path)) return { directory: path };
  if (!explicit) {
    if (/^[./]/.test(path)) throw cliErrors.error('CLI_NOT_FOUND', `there is no directory ${path}`);
    return undefined;
  }
  const at = path.lastIndexOf('@');
  const digest = path.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { directory: path.slice(0, at), digest };
  const colon = path.lastIndexOf(':');
  if (colon > 0 && (await isDirectory(path.slice(0, colon)))) return { directory: path.slice(0, colon), tag: path.slice(colon + 1) };
  throw cliErrors.error('CLI_NOT_FOUND', `there is no directory ${path}`);
}

async function pull(name: string, tag: string | undefined, invocation: Invocation): Promise<ImageTarget> {
  const reference = parseReference(name);
  const directory = await mkdtemp(join(tmpdir(), 'colophon-image-'));
  const remove = () => rm(directory, { recursive: true, force: true });
  const step = invocation.output.step(`Pulling ${name}`);
  try {
    const client = createRegistryClient({ registry: reference.registry, credentials: await credentials(invocation) });
    const wanted = reference.digest === undefined && reference.tag === undefined && tag !== undefined ? tag : referenceTarget(reference);
    const { digest } = await pullToLayout(client, reference.repository, wanted, await createLayout(directory));
    const layout = await openLayout(directory);
    step.done();
    return {
      layout,
      wanted: { digest },
      async close() {
        await layout.close();
        await remove();
      },
    };
  } catch (error) {
    step.failed();
    await remove();
    throw error;
  }
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
