import { canonicalJson } from '@colophon/core';
import { describe, expect, test } from 'vitest';
import { sharedSample } from '../support/build.ts';

interface Spdx {
  readonly spdxVersion: string;
  readonly creationInfo: { readonly created: string };
  readonly documentNamespace: string;
  readonly packages: {
    SPDXID: string;
    name: string;
    versionInfo: string;
    externalRefs?: { referenceLocator: string }[];
    annotations?: { comment: string }[];
    sourceInfo?: string;
    checksums?: object[];
  }[];
  readonly files: { SPDXID: string; fileName: string; checksums: { algorithm: string; checksumValue: string }[] }[];
  readonly relationships: { spdxElementId: string; relationshipType: string; relatedSpdxElement: string }[];
}

const sample = sharedSample();

function sbomOf(): Spdx & { digest: string; text: string } {
  const { sbom, descriptor } = sample();
  const text = sbom.toString('utf8');
  return { ...(JSON.parse(text) as Spdx), digest: descriptor.digest, text };
}

describe('SPDX 2.3', () => {
  test('canonical, dated by the lock, about the digest', () => {
    const { text, digest, spdxVersion, creationInfo, documentNamespace } = sbomOf();
    expect(text).toBe(canonicalJson(JSON.parse(text)));
    expect([spdxVersion, creationInfo.created]).toEqual(['SPDX-2.3', '2026-11-20T10:00:00Z']);
    expect(documentNamespace).toContain(digest.slice(7));
  });

  test('packages with purl, source package and what was not run', () => {
    const { packages, relationships } = sbomOf();
    const tool = packages.find(({ SPDXID }) => SPDXID === 'SPDXRef-Package-tool');
    expect(tool?.externalRefs?.[0]?.referenceLocator).toBe('pkg:deb/debian/tool@1%3A2.0-1?arch=amd64&distro=debian');
    expect(tool?.annotations?.map(({ comment }) => comment)).toEqual(['maintainer scripts not run: postinst']);
    expect(tool?.sourceInfo).toBe('built from the source package tools 2.0-1');
    const source = relationships.find(
      ({ spdxElementId, relationshipType }) => spdxElementId === tool?.SPDXID && relationshipType === 'GENERATED_FROM',
    );
    expect(packages.find(({ SPDXID }) => SPDXID === source?.relatedSpdxElement)).toMatchObject({ name: 'tools', versionInfo: '2.0-1' });
  });

  test('every file with SHA-1 and SHA-256, under its package', () => {
    const { files, relationships } = sbomOf();
    const tool = files.find(({ fileName }) => fileName === './usr/bin/tool');
    expect(tool?.checksums.map(({ algorithm, checksumValue }) => [algorithm, checksumValue.length])).toEqual([
      ['SHA1', 40],
      ['SHA256', 64],
    ]);
    expect(relationships).toContainEqual({
      spdxElementId: 'SPDXRef-Package-tool',
      relationshipType: 'CONTAINS',
      relatedSpdxElement: tool?.SPDXID,
    });
    const own = files.find(({ fileName }) => fileName === './etc/passwd');
    expect(relationships).toContainEqual({ spdxElementId: 'SPDXRef-Image', relationshipType: 'CONTAINS', relatedSpdxElement: own?.SPDXID });
  });

  test('identifiers are unique and well formed; every relationship leads somewhere', () => {
    const { packages, files, relationships } = sbomOf();
    const ids = [...packages, ...files].map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    const known = new Set([...ids, 'SPDXRef-DOCUMENT']);
    for (const { spdxElementId, relatedSpdxElement } of relationships)
      expect([known.has(spdxElementId), known.has(relatedSpdxElement)]).toEqual([true, true]);
  });
});
