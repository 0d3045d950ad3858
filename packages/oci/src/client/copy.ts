import type { LayoutWriter } from '../layout/write.ts';
import type { Layout } from '../layout/read.ts';
import { references, type Descriptor } from '../types/manifest.ts';
import { isForeignLayer, manifestTypes } from '../types/media-types.ts';
import { ociErrors } from '../errors.ts';
import type { RegistryClient } from './client.ts';

/** Pushes an image of a layout with everything below it: blobs first, each manifest after what it names, the tag last. */
export async function pushLayout(
  layout: Layout,
  descriptor: Descriptor,
  client: RegistryClient,
  repository: string,
  tag?: string,
): Promise<void> {
  const { bytes, mediaType, ...parsed } = await layout.manifest(descriptor);
  for (const child of references(parsed)) {
    if (isForeignLayer(child.mediaType)) continue;
    if (manifestTypes.includes(child.mediaType)) await pushLayout(layout, child, client, repository);
    else await client.pushBlob(repository, child, () => layout.blob(child));
  }
  await client.pushManifest(repository, tag ?? descriptor.digest, bytes, mediaType);
}

/** Pulls an image into a layout; gives its descriptor. OCI_NOT_FOUND. */
export async function pullToLayout(
  client: RegistryClient,
  repository: string,
  reference: string,
  layout: LayoutWriter,
  refName?: string,
): Promise<Descriptor> {
  const found = await client.manifest(repository, reference);
  if (found === undefined) throw ociErrors.error('OCI_NOT_FOUND', `${client.registry}/${repository} has no ${reference}`);
  for (const child of references(found.parsed)) {
    if (isForeignLayer(child.mediaType)) continue;
    if (manifestTypes.includes(child.mediaType)) await pullManifest(client, repository, child, layout);
    else await layout.putBlob(client.blob(repository, child), child.mediaType);
  }
  await layout.putBlob(found.bytes, found.descriptor.mediaType);
  await layout.addManifest(found.descriptor, refName === undefined ? {} : { refName });
  return found.descriptor;
}

async function pullManifest(client: RegistryClient, repository: string, descriptor: Descriptor, layout: LayoutWriter): Promise<void> {
  const found = await client.manifest(repository, descriptor.digest);
  if (found === undefined) throw ociErrors.error('OCI_NOT_FOUND', `${client.registry}/${repository} has no ${descriptor.digest}`);
  for (const child of references(found.parsed)) {
    if (isForeignLayer(child.mediaType)) continue;
    if (manifestTypes.includes(child.mediaType)) await pullManifest(client, repository, child, layout);
    else await layout.putBlob(client.blob(repository, child), child.mediaType);
  }
  await layout.putBlob(found.bytes, descriptor.mediaType);
}
