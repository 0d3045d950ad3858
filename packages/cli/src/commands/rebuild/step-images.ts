import { join } from 'node:path';
import { isColophonError } from '@colophon/core';
import type { Mirrors } from '@colophon/debian';
import { createRegistryClient, dockerCredentials, parseReference } from '@colophon/oci';
import { readRecipe, rebuildStepImage, type FetchImage, type Recipe } from '@colophon/rebuild';
import type { Output } from '../../output/output.ts';
import { programDirectory } from '../../program/places.ts';
import type { StepImageReport } from './report.ts';
import type { Verification } from '../verify/verify.ts';

export interface StepImagesRequest {
  readonly directory: string;
  readonly mirrors: Mirrors;
  readonly fetch: FetchImage;
  readonly verify: (image: string) => Promise<Verification>;
  readonly output: Output;
  readonly signal: AbortSignal;
}

/** Rebuilds step images one after the other; what goes wrong with one is its own report. */
export async function rebuildStepImages(images: readonly string[], request: StepImagesRequest): Promise<StepImageReport[]> {
  const reports: StepImageReport[] = [];
  for (const image of images) {
    const step = request.output.step(`Step image ${image.slice(0, image.indexOf('@') + 20)}`);
    const report = await rebuildOne(image, request, (detail) => step.update(detail));
    if (report.verdict === 'digest-identical') step.done(report.verdict);
    else step.failed(report.verdict);
    reports.push(report);
  }
  return reports;
}

async function rebuildOne(image: string, request: StepImagesRequest, update: (detail: string) => void): Promise<StepImageReport> {
  try {
    const verification = await request.verify(image);
    if (!verification.verified) return { image, verdict: 'not-verified', reason: verification.report.reason };
    const recipe = recipeOf(verification);
    if (recipe === undefined) return { image, verdict: 'no-recipe', reason: 'its provenance is of no type that holds a recipe' };
    return { image, ...(await followRecipe(recipe, request, update)) };
  } catch (error) {
    request.signal.throwIfAborted();
    if (!isColophonError(error)) throw error;
    return { image, verdict: 'failed', reason: error.message };
  }
}

export function recipeOf({ statements, report }: Verification): Recipe | undefined {
  for (const statement of statements) {
    const recipe = statement.predicateType.startsWith('https://slsa.dev/provenance/v1')
      ? readRecipe(statement, report.subject.digest)
      : undefined;
    if (recipe !== undefined) return recipe;
  }
  return undefined;
}

/** Local files are looked for in this program, as the server that makes step images finds them. */
export async function followRecipe(
  recipe: Recipe,
  request: Omit<StepImagesRequest, 'verify' | 'output'>,
  update: (detail: string) => void,
) {
  const { repository, digest } = recipe.subject;
  const { programFiles } = await import('@colophon/server');
  const places = new Map(
    recipe.files.length === 0 ? [] : programFiles(programDirectory).map(({ target, source }) => [`/${target}`, source]),
  );
  const { registry, repository: path } = parseReference(repository);
  const found = await createRegistryClient({ registry, credentials: dockerCredentials() }).resolve(path, digest);
  const original = await request.fetch(repository, digest);
  const { verdict, first, files } = await rebuildStepImage(recipe, {
    directory: join(request.directory, path.replaceAll('/', '-')),
    mirrors: request.mirrors,
    cache: join(request.directory, 'debian'),
    find: (name) => places.get(name),
    original: { directory: original, descriptor: found as NonNullable<typeof found> },
    onProgress: ({ phase, detail }) => update(detail === undefined ? phase : `${phase} ${detail}`),
    signal: request.signal,
  });
  return { verdict, files, ...(first === undefined ? {} : { first }) };
}
