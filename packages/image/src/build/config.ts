import { canonicalJsonBytes } from '@colophon/core';
import { mediaTypes, type Descriptor, type ImageConfig, type Manifest } from '@colophon/oci';
import { encoderId } from '../encoder/encoder.ts';
import type { ConfigSpec } from '../spec/schema.ts';
import type { OpenImage } from './base.ts';
import type { ImageLayer } from './layer.ts';
import type { Platform } from './platform.ts';

/** Names the encoder of the layers that are ours: who rebuilds needs the same one for the same digest. */
export const encoderAnnotation = 'dev.colophon.encoder';
const baseDigestAnnotation = 'org.opencontainers.image.base.digest';

/** The image configuration (OCI image-spec, config.md): the base's, then each of `specs` over it. Canonical JSON. */
export function imageConfig(
  layers: readonly ImageLayer[],
  specs: readonly ConfigSpec[],
  platform: Platform,
  created: string,
  base: OpenImage | undefined,
): Buffer {
  const inherited = (base?.config.config ?? {}) as Record<string, unknown>;
  const spec: ConfigSpec = Object.assign({}, ...specs);
  const env = new Map([
    ...((inherited['Env'] ?? []) as string[]).map((entry): [string, string] => [
      entry.split('=', 1)[0] as string,
      entry.slice(entry.indexOf('=') + 1),
    ]),
    ...specs.flatMap((one) => Object.entries(one.env ?? {})),
  ]);
  const labels = Object.assign({}, inherited['Labels'], ...specs.map((one) => one.labels ?? {})) as Record<string, string>;
  // As docker does: a new entrypoint makes the base's arguments meaningless.
  const cmd = spec.cmd ?? (spec.entrypoint === undefined ? inherited['Cmd'] : undefined);
  const config = {
    ...inherited,
    Env: env.size === 0 ? undefined : [...env].sort(([left], [right]) => (left < right ? -1 : 1)).map(([key, value]) => `${key}=${value}`),
    Labels: Object.keys(labels).length === 0 ? undefined : labels,
    User: spec.user ?? inherited['User'],
    WorkingDir: spec.workdir ?? inherited['WorkingDir'],
    Entrypoint: spec.entrypoint ?? inherited['Entrypoint'],
    Cmd: cmd,
    StopSignal: spec.stopSignal ?? inherited['StopSignal'],
    ExposedPorts:
      spec.exposedPorts === undefined ? inherited['ExposedPorts'] : Object.fromEntries(spec.exposedPorts.map((port) => [port, {}])),
  };
  return canonicalJsonBytes({
    architecture: platform.architecture,
    config,
    created,
    history: historyOf(layers, created, base),
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    variant: platform.variant,
  });
}

function historyOf(layers: readonly ImageLayer[], created: string, base: OpenImage | undefined): ImageConfig['history'] {
  const known = base?.config.history ?? undefined;
  const below = layers.filter(({ kind }) => kind === 'base');
  const before = known ?? below.map(() => ({ created_by: 'the base image' }));
  return [...before, ...layers.slice(below.length).map(({ kind, source }) => ({ created, created_by: `colophon: ${kind} ${source}` }))];
}

export function imageManifest(
  config: Descriptor,
  layers: readonly ImageLayer[],
  annotations: Readonly<Record<string, string>>,
  base: OpenImage | undefined,
): Buffer {
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config,
    layers: layers.map(({ descriptor }) => descriptor),
    annotations: {
      ...annotations,
      [encoderAnnotation]: encoderId,
      ...(base === undefined ? {} : { [baseDigestAnnotation]: base.descriptor.digest }),
    },
  };
  return canonicalJsonBytes(manifest);
}

/** One member for each architecture, in the order of their names. */
export function imageIndex(
  members: readonly { descriptor: Descriptor; platform: Platform }[],
  annotations: Readonly<Record<string, string>>,
): Buffer {
  const manifests = members
    .toSorted((left, right) => (left.platform.architecture < right.platform.architecture ? -1 : 1))
    .map(({ descriptor, platform }) => ({ ...descriptor, platform }));
  return canonicalJsonBytes({ schemaVersion: 2, mediaType: mediaTypes.index, manifests, annotations });
}
