import type { Digest } from '@colophon/core';
import type { BuildResult, BuiltManifest } from '@colophon/image';
import { bytes, table } from '../../output/table.ts';
import type { Theme } from '../../output/theme.ts';

export interface BuiltData {
  readonly name: string;
  readonly layout: string;
  readonly encoder: string;
  readonly images: readonly {
    readonly tag: string;
    readonly digest: Digest;
    readonly mediaType: string;
    readonly reference?: string;
    readonly platforms: readonly PlatformData[];
  }[];
}

interface PlatformData {
  readonly architecture: string;
  readonly digest: Digest;
  /** Of all compressed layers. */
  readonly bytes: number;
  readonly layers: readonly { digest: Digest; diffId: Digest; size: number; kind: string; source: string }[];
  readonly packages: readonly { name: string; version: string; architecture: string; sha256?: string }[];
  /** The manifest of its SPDX document, a referrer of the image. */
  readonly sbom: Digest;
}

/** What was built, for programs. The order is that of the specification: the first image is the plain one. */
export function builtData(name: string, layout: string, result: BuildResult, repository: string | undefined): BuiltData {
  return {
    name,
    layout,
    encoder: result.encoder,
    images: result.images.map(({ tag, descriptor, manifests }) => ({
      tag,
      digest: descriptor.digest,
      mediaType: descriptor.mediaType,
      ...(repository === undefined ? {} : { reference: `${repository}@${descriptor.digest}` }),
      platforms: manifests.map(platformData),
    })),
  };
}

function platformData({ architecture, descriptor, layers, sbomManifest }: BuiltManifest): PlatformData {
  return {
    architecture,
    digest: descriptor.digest,
    bytes: layers.reduce((sum, layer) => sum + layer.descriptor.size, 0),
    layers: layers.map(({ descriptor: { digest, size }, diffId, kind, source }) => ({ digest, diffId, size, kind, source })),
    packages: layers.flatMap(({ package: facts }) =>
      facts === undefined
        ? []
        : [
            {
              name: facts.name,
              version: facts.version,
              architecture: facts.architecture,
              ...(facts.sha256 === undefined ? {} : { sha256: facts.sha256 }),
            },
          ],
    ),
    sbom: sbomManifest.digest,
  };
}

export function builtText({ layout, encoder, images }: BuiltData, theme: Theme): string {
  const rows = images.flatMap(({ tag, digest, platforms }) =>
    platforms.map(({ architecture, layers, packages, bytes: size }) => [
      theme.marks.passed,
      theme.bold(tag),
      architecture,
      digest,
      `${layers.length} layers`,
      `${packages.length} packages`,
      bytes(size),
    ]),
  );
  return `${table(rows)}\n${theme.dim(`in ${layout}, encoder ${encoder}`)}`;
}
