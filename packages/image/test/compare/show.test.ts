import { expect, test } from 'vitest';
import { showImage } from '../../src/compare/show.ts';
import { buildSample } from '../support/build.ts';

test('what a person wants to know of an image', async () => {
  const { output, descriptor } = await buildSample();
  const [shown] = await showImage(output, { tag: 'latest' });
  expect(shown).toMatchObject({
    descriptor: { digest: descriptor.digest },
    platform: 'linux/amd64',
    created: '2026-11-20T10:00:00Z',
    encoder: 'colophon-deflate@1',
    config: { User: '0', Entrypoint: ['/bin/tool'] },
    packages: [
      { name: 'base-sample', version: '13', layer: 2 },
      { name: 'tool', version: '1:2.0-1', source: 'tools', layer: 3 },
    ],
  });
  expect(shown?.layers.map(({ createdBy }) => createdBy)).toContain('colophon: package tool=1:2.0-1');
  expect(shown?.size).toBe(shown?.layers.reduce((sum, { size }) => sum + size, 0));
});
