import { canonicalJsonBytes, sha256Hex } from '@colophon/core';
import type { Descriptor } from '@colophon/oci';
import type { ImageLayer } from '../build/layer.ts';
import type { Tree } from '../build/tree.ts';
import type { PackageFacts } from '../layer/record.ts';
import { debianArchitecture, type Platform } from '../build/platform.ts';

/** What an SBOM is made of: an image that was built or read, and the time that its lock gives it. */
export interface SbomSubject {
  readonly name: string;
  /** Of the image manifest. */
  readonly descriptor: Descriptor;
  readonly platform: Platform;
  /** RFC 3339. */
  readonly created: string;
  readonly layers: readonly ImageLayer[];
  readonly tree: Tree;
  readonly baseDigest?: string;
}

const none = 'NOASSERTION';
const creator = 'Tool: colophon';

/**
 * The software bill of materials of one image (SPDX 2.3, JSON, canonical form): the image, its layers, each Debian package
 * with its source package and the files that it brought, which maintainer scripts nobody ran. A pure function of the image.
 */
export function spdxDocument(image: SbomSubject): Buffer {
  const distro = distroOf(image.tree);
  const packages = packagesOf(image);
  const relationships: object[] = [relate('SPDXRef-DOCUMENT', 'DESCRIBES', 'SPDXRef-Image')];
  const files: object[] = [];
  for (const node of image.tree.nodes()) {
    if (node.type !== 'file' || node.sha1 === undefined) continue;
    const id = `SPDXRef-File-${sha256Hex(node.path).slice(0, 24)}`;
    files.push({
      SPDXID: id,
      fileName: `./${node.path}`,
      checksums: [checksum('SHA1', node.sha1), checksum('SHA256', node.sha256 as string)],
      licenseConcluded: none,
      copyrightText: none,
    });
    const owner = image.layers[node.layer]?.package;
    relationships.push(relate(owner === undefined ? 'SPDXRef-Image' : packageId(owner), 'CONTAINS', id));
  }
  const sources = new Map(packages.map((one) => [sourceId(one), sourcePackage(one, distro)]));
  for (const one of packages) {
    relationships.push(relate('SPDXRef-Image', 'CONTAINS', packageId(one)), relate(packageId(one), 'GENERATED_FROM', sourceId(one)));
  }
  for (const index of image.layers.keys()) relationships.push(relate('SPDXRef-Image', 'CONTAINS', layerId(index)));
  if (image.baseDigest !== undefined) relationships.push(relate('SPDXRef-Image', 'DESCENDANT_OF', 'SPDXRef-Base'));
  return canonicalJsonBytes({
    spdxVersion: 'SPDX-2.3',
    dataLicense: 'CC0-1.0',
    SPDXID: 'SPDXRef-DOCUMENT',
    name: image.name,
    documentNamespace: `https://colophon.dev/spdx/${image.name}/${image.descriptor.digest.replace(':', '-')}`,
    creationInfo: { created: image.created, creators: [creator] },
    packages: [
      imagePackage(image),
      ...(image.baseDigest === undefined ? [] : [basePackage(image.baseDigest)]),
      ...image.layers.map(layerPackage),
      ...packages.map((one) => debianPackage(one, distro, image)),
      ...[...sources.keys()].sort().map((id) => sources.get(id)),
    ],
    files,
    relationships,
  });
}

/** Each package once, by name; the one with files where a package is also only the source of a generated part. */
export function packagesOf(image: Pick<SbomSubject, 'layers'>): PackageFacts[] {
  const found = new Map<string, PackageFacts>();
  for (const { package: facts } of image.layers)
    if (facts !== undefined && found.get(facts.name)?.use !== 'files') found.set(facts.name, facts);
  return [...found.keys()].sort().map((name) => found.get(name) as PackageFacts);
}

/** `debian-13`, as scanners choose their feed by it, from the image's own os-release. */
function distroOf(tree: Tree): string {
  const text = tree.get('usr/lib/os-release')?.text ?? '';
  const value = (key: string) => new RegExp(`^${key}="?([^"\\n]*)"?$`, 'm').exec(text)?.[1];
  const version = value('VERSION_ID');
  return `${value('ID') ?? 'debian'}${version === undefined ? '' : `-${version}`}`;
}

function purl(name: string, version: string, qualifiers: Readonly<Record<string, string>>): object {
  const rest = Object.entries(qualifiers).map(([key, value]) => `${key}=${encodeURIComponent(value)}`);
  const locator = `pkg:deb/debian/${encodeURIComponent(name)}@${encodeURIComponent(version)}?${rest.join('&')}`;
  return { referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator };
}

function debianPackage(facts: PackageFacts, distro: string, image: SbomSubject): object {
  const notes = [
    ...(facts.scripts.length === 0 ? [] : [`maintainer scripts not run: ${facts.scripts.join(', ')}`]),
    ...(facts.use === 'certificates' ? ['only the bundle of its certificates is in the image'] : []),
    ...(facts.use === 'files' && !facts.whole && facts.sha256 !== undefined ? ['not all of its files are in the image'] : []),
  ];
  return {
    ...plainPackage(packageId(facts), facts.name, facts.version),
    supplier: 'Organization: Debian',
    ...(facts.maintainer === undefined ? {} : { originator: `Person: ${facts.maintainer.replace(/ <([^<>]*)>$/, ' ($1)')}` }),
    ...(facts.homepage === undefined ? {} : { homepage: facts.homepage }),
    ...(facts.summary === undefined ? {} : { summary: facts.summary }),
    ...(facts.sha256 === undefined ? {} : { checksums: [checksum('SHA256', facts.sha256)] }),
    sourceInfo: `built from the source package ${facts.source} ${facts.sourceVersion}`,
    externalRefs: [purl(facts.name, facts.version, { arch: facts.architecture, distro })],
    ...(notes.length === 0
      ? {}
      : { annotations: notes.map((comment) => ({ annotationType: 'OTHER', annotator: creator, annotationDate: image.created, comment })) }),
  };
}

function sourcePackage(facts: PackageFacts, distro: string): object {
  return {
    ...plainPackage(sourceId(facts), facts.source, facts.sourceVersion),
    primaryPackagePurpose: 'SOURCE',
    externalRefs: [purl(facts.source, facts.sourceVersion, { arch: 'source', distro })],
  };
}

function imagePackage(image: SbomSubject): object {
  const { digest } = image.descriptor;
  const locator = `pkg:oci/${encodeURIComponent(image.name)}@${encodeURIComponent(digest)}?arch=${debianArchitecture(image.platform)}`;
  return {
    ...plainPackage('SPDXRef-Image', image.name, digest),
    primaryPackagePurpose: 'CONTAINER',
    checksums: [checksum('SHA256', digest.slice(7))],
    externalRefs: [{ referenceCategory: 'PACKAGE-MANAGER', referenceType: 'purl', referenceLocator: locator }],
  };
}

function basePackage(digest: string): object {
  return {
    ...plainPackage('SPDXRef-Base', 'base image', digest),
    primaryPackagePurpose: 'CONTAINER',
    checksums: [checksum('SHA256', digest.slice(7))],
  };
}

function layerPackage(layer: ImageLayer, index: number): object {
  return {
    ...plainPackage(layerId(index), `layer ${index + 1}`, layer.descriptor.digest),
    checksums: [checksum('SHA256', layer.descriptor.digest.slice(7))],
    comment: `${layer.kind}: ${layer.source}; diffID ${layer.diffId}`,
  };
}

function plainPackage(SPDXID: string, name: string, versionInfo: string): object {
  const unknown = { downloadLocation: none, licenseConcluded: none, licenseDeclared: none, copyrightText: none };
  return { SPDXID, name, versionInfo, filesAnalyzed: false, ...unknown };
}

function checksum(algorithm: string, checksumValue: string): object {
  return { algorithm, checksumValue };
}

function relate(spdxElementId: string, relationshipType: string, relatedSpdxElement: string): object {
  return { spdxElementId, relationshipType, relatedSpdxElement };
}

/** SPDX identifiers hold letters, digits, `.` and `-` (section 3.2): what a name has besides is spelled. */
function idText(text: string): string {
  return text.replace(/[^A-Za-z0-9.-]/g, (character) => `-x${character.codePointAt(0)?.toString(16)}-`);
}

function packageId(facts: PackageFacts): string {
  return `SPDXRef-Package-${idText(facts.name)}`;
}

function sourceId(facts: PackageFacts): string {
  return `SPDXRef-Source-${idText(facts.source)}-${idText(facts.sourceVersion)}`;
}

function layerId(index: number): string {
  return `SPDXRef-Layer-${index + 1}`;
}
