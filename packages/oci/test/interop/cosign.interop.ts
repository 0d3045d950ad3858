import { describe, expect, test } from 'vitest';
import { createRegistryClient, fallbackTag } from '../../src/index.ts';
import { withoutReferrers } from '../client/fake.ts';
import { putImage, testImage, testRegistry } from '../support.ts';
import { findClient, nothingIsOpen, pullsAreOpen, shell } from './clients.ts';

const image = testImage('to be signed');

describe.each(['cosign2', 'cosign3'])('%s, unmodified', (name) => {
  const program = findClient(name);
  test.skipIf(program === undefined).each([
    ['referrers by API, all closed', nothingIsOpen, undefined],
    ['referrers by API, pulls open', pullsAreOpen, undefined],
    ['referrers by tag', pullsAreOpen, withoutReferrers],
  ])('signs into the registry and verifies from it, and our client finds what it left: %s', async (_name, authorize, around) => {
    const { host, registry } = await testRegistry({ authorize, ...(around === undefined ? {} : { around }) });
    await putImage({ registry }, 'app', image, 'latest');
    const run = await shell(host);
    const cosign = (...args: string[]) => run('/usr/bin/env', 'COSIGN_PASSWORD=', program ?? '', ...args);
    await cosign('generate-key-pair');
    const reference = `${host}/app@${image.descriptor.digest}`;
    const bundle = name === 'cosign3' ? ['--use-signing-config=false', '--new-bundle-format=true'] : [];
    await cosign('sign', '--key', 'cosign.key', '--tlog-upload=false', '--yes', ...bundle, reference);
    const verified = await cosign('verify', '--key', 'cosign.pub', '--insecure-ignore-tlog=true', reference);
    expect(verified).toContain(image.descriptor.digest);
    await run('/bin/sh', '-c', 'echo "{}" > predicate.json');
    await cosign(
      'attest',
      '--key',
      'cosign.key',
      '--tlog-upload=false',
      '--yes',
      ...bundle,
      '--type',
      'custom',
      '--predicate',
      'predicate.json',
      reference,
    );
    await cosign('verify-attestation', '--key', 'cosign.pub', '--insecure-ignore-tlog=true', '--type', 'custom', reference);
    const left =
      name === 'cosign3'
        ? (
            await createRegistryClient({
              registry: host,
              credentials: async () => ({ username: 'colophon', password: 'a-token' }),
            }).referrers('app', image.descriptor.digest)
          ).length
        : ((await registry.tags('app')) ?? []).filter(
            (tag) => tag === `${fallbackTag(image.descriptor.digest)}.sig` || tag === `${fallbackTag(image.descriptor.digest)}.att`,
          ).length;
    expect(left).toBe(2);
  });
});
