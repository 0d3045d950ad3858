import { join } from 'node:path';
import { isColophonError, type Digest } from '@colophon/core';
import { machineMirrors, type Mirrors } from '@colophon/debian';
import {
  acceptable,
  compareImages,
  compareInputs,
  compareOthers,
  exitOf,
  rebuildExits,
  type AcceptedLevel,
  type RebuildVerdict,
  type ReplayPlan,
} from '@colophon/rebuild';
import type { Output } from '../../output/output.ts';
import { version } from '../../version.ts';
import type { Verification } from '../verify/verify.ts';
import { secondDirectory } from './directory.ts';
import { imageFetcher } from './fetch-images.ts';
import { planOf } from './plan-of.ts';
import { recordedFacts, recordOf, replay } from './replay.ts';
import type { RebuildReport } from './report.ts';
import { startSecondServer, type SecondServer } from './second-server.ts';
import { followRecipe, rebuildStepImages, recipeOf } from './step-images.ts';

export interface RebuildRequest {
  /** `HOST/PATH`. */
  readonly repository: string;
  readonly digest: Digest;
  /** Of that image; and how to verify others (step images). */
  readonly verification: Verification;
  readonly verify: (image: string) => Promise<Verification>;
  readonly accept?: AcceptedLevel;
  readonly deep?: boolean;
  /** Empty or not there. Default: a temporary directory. */
  readonly data?: string;
  readonly keep?: boolean;
  readonly mirrors?: { readonly archive?: string; readonly security?: string };
  readonly output: Output;
  readonly signal: AbortSignal;
  /** Called when the second server is up, before anything is submitted. */
  readonly onServer?: (server: SecondServer, data: string) => Promise<void>;
}

type Outcome = Pick<RebuildReport, 'verdict' | 'reason'> & Partial<RebuildReport>;

/** Verdicts are results, never exceptions; what throws is that something could not be done at all. */
export async function rebuildImage(request: RebuildRequest): Promise<RebuildReport> {
  const { verification, repository, digest, accept = 'digest-identical' } = request;
  await using directory = await secondDirectory(request.data, request.keep ?? false, request.output.warn);
  const outcome = verification.verified
    ? await rebuildVerified(request, directory.path)
    : ({ verdict: 'not-verified', reason: verification.report.reason } as const);
  const exit = outcome.verdict === 'not-verified' ? verification.exit : exitOf(outcome.verdict, accept);
  return {
    image: `${repository}@${digest}`,
    accepted: exit === 0,
    exit,
    verification,
    environment: { colophon: version(), node: process.version, data: directory.path, kept: directory.kept },
    ...outcome,
  };
}

async function rebuildVerified(request: RebuildRequest, data: string): Promise<Outcome> {
  const { verification, digest, repository } = request;
  const recipe = recipeOf(verification);
  if (recipe !== undefined) return rebuildRecipe(request, recipe, data);
  let plan: ReplayPlan;
  try {
    plan = planOf(verification.statements, { digest, repository });
  } catch (error) {
    if (isColophonError(error) && error.code === 'REBUILD_NOT_REPLAYABLE') return { verdict: 'not-replayable', reason: error.message };
    throw error;
  }
  const replayed = await replayPlanned(plan, request, data);
  if (request.deep !== true) return replayed;
  const stepImages = await rebuildStepImages(
    plan.images.map((image) => `${image.repository}@${image.digest}`),
    {
      directory: join(data, 'compare', 'deep'),
      mirrors: mirrorsOf(request),
      fetch: imageFetcher(join(data, 'compare', 'deep', 'originals')),
      verify: request.verify,
      output: request.output,
      signal: request.signal,
    },
  );
  const unproven = stepImages.find(
    ({ verdict }) => exitOf(verdict in rebuildExits ? (verdict as RebuildVerdict) : 'unproven', request.accept) !== 0,
  );
  const good = (acceptable as readonly string[]).includes(replayed.verdict);
  if (unproven === undefined || !good) return { ...replayed, stepImages };
  return {
    ...replayed,
    stepImages,
    verdict: 'unproven',
    reason: `the image is ${replayed.verdict}, but the step image ${unproven.image} is not proven: ${unproven.reason ?? unproven.verdict}`,
  };
}

async function replayPlanned(plan: ReplayPlan, request: RebuildRequest, data: string): Promise<Outcome> {
  const { output, signal, onServer } = request;
  const recorded = recordedFacts(plan);
  const starting = output.step('Second server, on an empty data directory');
  const server = await startSecondServer(data, plan, request.mirrors ?? {});
  try {
    starting.done(`${server.api.url}, ${data}`);
    await onServer?.(server, data);
    const replayed = await replay(plan.objects(server.registryHost), server.api, output, signal);
    const facts = {
      recorded,
      replay: { run: replayed.run.metadata.name, reason: replayed.reason, message: replayed.message, seconds: replayed.seconds },
    };
    if (!replayed.succeeded && plan.succeeded) {
      for (const line of replayed.lastLines) output.note(`  ${line}`);
      return { ...facts, verdict: 'replay-failed', reason: `${replayed.reason}: ${replayed.message}` };
    }
    const record = await recordOf(replayed.run, server.api);
    const inputs = compareInputs(plan.expected(server.registryHost), record.dependencies);
    const comparing = output.step('Comparing');
    const own = { host: server.registryHost, token: server.api.token ?? '' };
    const { verdict, rebuilt, first } = await compareImages(plan, record.produced, imageFetcher(join(data, 'compare'), own));
    comparing.done(verdict);
    const compared = {
      ...facts,
      inputs,
      others: compareOthers(plan, record.produced),
      ...(rebuilt === undefined ? {} : { rebuilt }),
      ...(first === undefined ? {} : { first }),
    };
    const [difference] = inputs.differences;
    if (difference !== undefined) {
      return {
        ...compared,
        verdict: 'inputs-differ',
        reason: `${inputs.differences.length} differences from the recorded inputs, the first in ${difference.name} (${difference.field}); the image came out ${verdict}`,
      };
    }
    return { ...compared, verdict, reason: reasonOf(verdict, rebuilt === undefined) };
  } finally {
    await server.stop();
  }
}

const reasons: Readonly<Record<string, string>> = {
  'digest-identical': 'the same bytes came out of the same inputs',
  'diffid-identical': 'the same layers and configuration came out, encoded differently',
  'content-identical': 'the same files came out, laid out differently',
  different: 'something else came out of the same inputs',
};

function reasonOf(verdict: string, nothing: boolean): string {
  return nothing ? 'the replay made no such image' : (reasons[verdict] ?? verdict);
}

/** A step image itself: no run to replay, its recipe is followed. */
async function rebuildRecipe(request: RebuildRequest, recipe: NonNullable<ReturnType<typeof recipeOf>>, data: string): Promise<Outcome> {
  const { output, signal } = request;
  const step = output.step(`Step image ${recipe.subject.repository}`);
  const directory = join(data, 'compare');
  const made = await followRecipe(
    recipe,
    { directory, mirrors: mirrorsOf(request), fetch: imageFetcher(join(directory, 'originals')), signal },
    (detail) => step.update(detail),
  );
  step.done(made.verdict);
  return {
    verdict: made.verdict,
    reason: reasonOf(made.verdict, false),
    recorded: { run: 'made by the control plane', sources: [], packages: recipe.lock.packages.length, stepImages: [] },
    ...(made.first === undefined ? {} : { first: made.first }),
  };
}

function mirrorsOf({ mirrors = {} }: RebuildRequest): Mirrors {
  const machine = machineMirrors();
  return { archive: mirrors.archive ?? machine.archive, security: mirrors.security ?? machine.security };
}
