import { describe, expect, it } from 'vitest';
import type { Digest } from '@colophon/core';
import { compareImages, compareOthers, replayPlan, type FetchImage } from '../../src/index.ts';
import { first, statementOf } from '../support/records.ts';
import { entry, makeImage, type MadeImage } from '../support/images.ts';

const second = '127.0.0.1:7777';
const layers = [[entry('etc/a', 'one')], [entry('usr/b', 'two'), entry('usr/c', 'three')]];

/** The plan for an image that a build made beside others. */
function planFor(digest: Digest, others: readonly Digest[] = [], repository = `${first}/out/cc`) {
  const statement = statementOf(({ task }) => {
    task.produced = [digest, ...others].map((one) => ({ repository, reference: `${repository}@${one}`, digest: one }));
  });
  return replayPlan(statement, { digest });
}

const rebuiltAs = (digest: Digest, path = 'out/cc') => ({ repository: `${second}/${path}`, reference: `${second}/${path}:latest`, digest });

function fetchFrom(...images: readonly MadeImage[]): FetchImage & { fetched: string[] } {
  const fetched: string[] = [];
  const fetch: FetchImage = async (repository, digest) => {
    fetched.push(`${repository}@${digest}`);
    return (images.find((image) => image.digest === digest) as MadeImage).directory;
  };
  return Object.assign(fetch, { fetched });
}

async function compare(original: MadeImage, ...rebuilt: readonly MadeImage[]) {
  return compareImages(
    planFor(original.digest),
    rebuilt.map(({ digest }) => rebuiltAs(digest)),
    fetchFrom(original, ...rebuilt),
  );
}

describe('the image that came out', () => {
  it('is the same by its digest, and nothing needs to be fetched', async () => {
    const image = await makeImage(layers);
    const fetch = fetchFrom(image);
    expect(await compareImages(planFor(image.digest), [rebuiltAs(image.digest)], fetch)).toEqual({
      verdict: 'digest-identical',
      rebuilt: rebuiltAs(image.digest),
    });
    expect(fetch.fetched).toEqual([]);
  });

  it('has the same layers, encoded differently', async () => {
    expect(await compare(await makeImage(layers), await makeImage(layers, { encoder: 'zlib' }))).toMatchObject({
      verdict: 'diffid-identical',
      first: { layer: 1, field: 'encoding' },
    });
  });

  it('has the same files in other layers', async () => {
    expect(await compare(await makeImage(layers), await makeImage([layers.flat()]))).toMatchObject({
      verdict: 'content-identical',
      first: { layer: 1 },
    });
  });

  it('differs in layer, file and field', async () => {
    const other = [layers[0] ?? [], [entry('usr/b', 'two'), entry('usr/c', 'threE')]];
    expect(await compare(await makeImage(layers), await makeImage(other))).toMatchObject({
      verdict: 'different',
      first: { layer: 2, path: 'usr/c', field: 'content', offset: 4, expected: 101, found: 69 },
    });
  });

  it('is the one most like it of those that the first build did not make', async () => {
    const [original, sibling] = [await makeImage(layers), await makeImage(layers, { user: '65532' })];
    const [alike, unlike] = [await makeImage(layers, { encoder: 'zlib' }), await makeImage([[entry('x', 'y')]])];
    const plan = planFor(original.digest, [sibling.digest]);
    const rebuilt = [unlike, sibling, alike].map(({ digest }) => rebuiltAs(digest));
    const fetch = fetchFrom(original, sibling, alike, unlike);
    expect(await compareImages(plan, rebuilt, fetch)).toMatchObject({ verdict: 'diffid-identical', rebuilt: { digest: alike.digest } });
    expect(fetch.fetched).not.toContain(`${second}/out/cc@${sibling.digest}`);
  });

  it('is missing where the replay made nothing there, whatever it made elsewhere', async () => {
    const image = await makeImage(layers);
    const missing = { verdict: 'different', first: { field: 'image', expected: image.digest, found: null } };
    expect(await compareImages(planFor(image.digest), [], fetchFrom())).toEqual(missing);
    expect(await compareImages(planFor(image.digest), [rebuiltAs(image.digest, 'out/other')], fetchFrom())).toEqual(missing);
    const sibling = await makeImage(layers, { user: '65532' });
    expect(await compareImages(planFor(image.digest, [sibling.digest]), [rebuiltAs(sibling.digest)], fetchFrom())).toEqual(missing);
  });
});

describe('the other images of the build', () => {
  it('are told one by one', async () => {
    const [one, two, three] = [await makeImage(layers), await makeImage(layers, { user: '1' }), await makeImage(layers, { user: '2' })];
    const plan = planFor(one.digest, [two.digest, three.digest]);
    const others = compareOthers(plan, [rebuiltAs(one.digest), rebuiltAs(three.digest)]);
    expect(Object.fromEntries(others.map(({ digest, identical }) => [digest, identical]))).toEqual({
      [two.digest]: false,
      [three.digest]: true,
    });
  });
});
