import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { digestOf, type Digest } from '@colophon/core';
import { writeTar, type Entry } from '@colophon/image';
import { createRegistryClient, mediaTypes } from '@colophon/oci';
import type { ServerProcess } from './server.ts';

const busybox = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));

/** Why whole runs cannot be tried on this machine; undefined when they can. */
export function whyNoRuns(): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  try {
    execFileSync('bwrap', ['--version']);
  } catch {
    return 'bubblewrap is not installed';
  }
  return busybox === undefined ? 'busybox-static is not installed' : undefined;
}

const applets = 'sh cat echo mkdir sha256sum stat cut printf sleep true false test cp ls rm env wc head'.split(' ');

/** An image of busybox, for steps. */
function layer(): Buffer {
  const common = { uid: 0, gid: 0, mtime: 0 };
  const directory = (path: string, mode = 0o755): Entry => ({ ...common, path, type: 'directory', mode });
  return Buffer.from(
    writeTar([
      directory('bin'),
      directory('etc'),
      directory('tmp', 0o1777),
      { ...common, path: 'bin/busybox', type: 'file', mode: 0o755, content: readFileSync(busybox as string) },
      { ...common, path: 'etc/passwd', type: 'file', mode: 0o644, content: Buffer.from('root:x:0:0::/:/bin/sh\n') },
      ...applets.map((applet): Entry => ({ ...common, path: `bin/${applet}`, type: 'symlink', mode: 0o777, linkTarget: 'busybox' })),
    ]),
  );
}

/** Pushes the step image through the registry's API; gives its reference by digest. */
export async function pushStepImage(server: ServerProcess, repository = 'steps/busybox'): Promise<string> {
  const client = createRegistryClient({
    registry: server.host,
    credentials: async () => ({ username: 'colophon', password: server.token }),
  });
  const bytes = layer();
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Env: ['PATH=/bin'] },
      rootfs: { type: 'layers', diff_ids: [digestOf(bytes)] },
    }),
  );
  const parts = [
    { mediaType: mediaTypes.config, bytes: config },
    { mediaType: mediaTypes.layer, bytes },
  ].map(({ mediaType, bytes: content }) => ({ descriptor: { mediaType, digest: digestOf(content), size: content.length }, content }));
  for (const { descriptor, content } of parts) await client.pushBlob(repository, descriptor, content);
  const manifest = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.manifest, config: parts[0]?.descriptor, layers: [parts[1]?.descriptor] }),
  );
  const digest: Digest = await client.pushManifest(repository, 'latest', manifest, mediaTypes.manifest);
  return `${server.host}/${repository}@${digest}`;
}

/** Shell lines that leave an OCI layout `/images/NAME` holding one image, which `text` tells from others. Needs the workspace `images` at /images. */
export function layoutScript(name: string, text: string): string {
  return `
out=/images/${name}; mkdir -p $out/blobs/sha256
put() { hash=$(sha256sum < $1 | cut -d' ' -f1); size=$(stat -c %s $1); cp $1 $out/blobs/sha256/$hash; }
printf '{"imageLayoutVersion":"1.0.0"}' > $out/oci-layout
printf '{"architecture":"amd64","os":"linux","author":"%s","rootfs":{"type":"layers","diff_ids":[]}}' "${text}" > /tmp/config
put /tmp/config
printf '{"schemaVersion":2,"mediaType":"${mediaTypes.manifest}","config":{"mediaType":"${mediaTypes.config}","digest":"sha256:%s","size":%s},"layers":[]}' $hash $size > /tmp/manifest
put /tmp/manifest
printf '{"schemaVersion":2,"mediaType":"${mediaTypes.index}","manifests":[{"mediaType":"${mediaTypes.manifest}","digest":"sha256:%s","size":%s,"annotations":{"org.opencontainers.image.ref.name":"latest"}}]}' $hash $size > $out/index.json
`;
}
