import { describe, expect, test } from 'vitest';
import { artifactTypeOf, emptyDescriptor, emptyJson, mediaTypes, parseManifest, references } from '../../src/index.ts';
import { descriptorOf, json, testImage } from '../support.ts';

const image = testImage('one');
const manifest = JSON.parse(image.manifest.toString()) as Record<string, unknown>;
const invalid = expect.objectContaining({ code: 'OCI_MANIFEST_INVALID' });

describe('manifests of image-spec 1.1, written by a stranger', () => {
  test('a manifest and an index', () => {
    const parsed = parseManifest(image.manifest, mediaTypes.manifest);
    expect(references(parsed).map(({ digest }) => digest)).toEqual(image.blobs.map(({ descriptor }) => descriptor.digest));
    const index = parseManifest(json({ schemaVersion: 2, manifests: [image.descriptor] }), undefined);
    expect(index).toMatchObject({ kind: 'index', mediaType: mediaTypes.index });
  });

  test('Go’s null lists are empty', () => {
    expect(references(parseManifest(json({ ...manifest, layers: null }), undefined))).toHaveLength(1);
    expect(references(parseManifest(json({ schemaVersion: 2, manifests: null }), mediaTypes.index))).toEqual([]);
  });

  test('the empty descriptor is that of {}', () => {
    expect(descriptorOf(emptyJson, mediaTypes.empty)).toEqual(emptyDescriptor);
  });

  test('artifactType falls back to the config’s type', () => {
    expect(artifactTypeOf(parseManifest(image.manifest, undefined))).toBe(mediaTypes.config);
    expect(artifactTypeOf(parseManifest(json({ ...manifest, artifactType: 'a/b' }), undefined))).toBe('a/b');
    expect(artifactTypeOf(parseManifest(json({ ...manifest, artifactType: '' }), undefined))).toBe(mediaTypes.config);
  });

  test.each([
    ['both a manifest and an index', { ...manifest, manifests: [] }],
    ['of another type than announced', { ...manifest, mediaType: mediaTypes.dockerManifest }],
    ['of schema 1', { ...manifest, schemaVersion: 1 }],
    ['without config', { ...manifest, config: undefined }],
    ['with a bad digest', { ...manifest, layers: [{ mediaType: 'a/b', digest: 'sha256:../../x', size: 1 }] }],
    ['with a negative size', { ...manifest, config: { ...emptyDescriptor, size: -1 } }],
    ['with a broken size', { ...manifest, config: { ...emptyDescriptor, size: 1.5 } }],
    ['with a size as text', { ...manifest, config: { ...emptyDescriptor, size: '2' } }],
    ['with annotations that are no strings', { ...manifest, annotations: { a: 1 } }],
    ['a list', [manifest]],
    ['nothing', null],
  ])('%s is refused', (_name, value) => {
    expect(() => parseManifest(json(value), mediaTypes.manifest)).toThrow(invalid);
  });

  test.each(['Layers', 'LAYERS', 'layerſ', 'Config', 'Manifests', 'mediatype', 'Subject'])(
    'a key %s, that Go reads as ours, is refused',
    (key) => {
      expect(() => parseManifest(json({ ...manifest, [key]: [] }), mediaTypes.manifest)).toThrow(invalid);
    },
  );

  test('a descriptor’s key in other letters is refused', () => {
    expect(() => parseManifest(json({ ...manifest, layers: [{ ...emptyDescriptor, Digest: emptyDescriptor.digest }] }), undefined)).toThrow(
      invalid,
    );
    expect(() => parseManifest(json({ ...manifest, subject: { ...emptyDescriptor, Size: 3 } }), undefined)).toThrow(invalid);
  });

  test('more than 4 MiB, 5000 layers or 128 levels are refused', () => {
    expect(() => parseManifest(Buffer.alloc((4 << 20) + 1, ' '), undefined)).toThrow(expect.objectContaining({ code: 'OCI_TOO_LARGE' }));
    expect(() => parseManifest(json({ ...manifest, layers: Array.from({ length: 5001 }, () => emptyDescriptor) }), undefined)).toThrow(
      invalid,
    );
    const deep = `{"schemaVersion":2,"x":${'['.repeat(3000)}${']'.repeat(3000)}}`;
    expect(() => parseManifest(Buffer.from(deep), undefined)).toThrow(expect.objectContaining({ code: 'CORE_JSON_INVALID' }));
  });
});
