import { imagePullEnd, type TaskRun, type TaskRunPlan } from '@colophon/pipeline';
import type { Context } from './context.ts';
import type { OpenRelays, ResolvedImage } from './contract.ts';
import { Ended, messageOf, userError } from './ended.ts';
import type { NamespaceData } from './lookup.ts';
import { annotations } from './resources.ts';
import type { Stop } from './stop.ts';
import type { AttemptInput } from './attempt.ts';
import { prepareVolumes, VolumeProblem, type PreparedVolumes } from './volumes.ts';

/** Every image that the steps name, resolved once. */
export async function resolveImages(context: Context, run: TaskRun, plan: TaskRunPlan, stop: Stop): Promise<Map<string, ResolvedImage>> {
  const resolved = new Map<string, ResolvedImage>();
  await Promise.all(
    [...new Set(plan.steps.map(({ image }) => image))].map(async (reference) => {
      try {
        resolved.set(reference, await context.images.resolve(reference, { signal: stop.signal }));
      } catch (error) {
        stop.signal.throwIfAborted();
        throw new Ended(imagePullEnd(run, plan.steps.find(({ image }) => image === reference)?.name ?? '', messageOf(error)));
      }
    }),
  );
  return resolved;
}

/** What the steps mount; or what of it is misconfigured. */
export async function mountVolumes(
  context: Context,
  { run, reference, templateClaims, stop }: AttemptInput,
  plan: TaskRunPlan,
  data: NamespaceData,
): Promise<PreparedVolumes | { problem: string }> {
  const { inputs, directories } = context;
  try {
    return await prepareVolumes(plan, { run, reference, templateClaims, data, inputs, directories, signal: stop.signal });
  } catch (error) {
    stop.signal.throwIfAborted();
    if (error instanceof VolumeProblem) {
      if (error.kind === 'config') return { problem: error.message };
      throw userError(error.message);
    }
    throw new Ended({ reason: 'Failed', message: `an input could not be had: ${messageOf(error)}` });
  }
}

/** The relays that the run's annotations ask for. */
export async function openRelays(context: Context, { run, reference }: AttemptInput): Promise<OpenRelays & { network: boolean }> {
  const network = run.metadata.annotations?.[annotations.network];
  const push = run.metadata.annotations?.[annotations.push];
  if (network !== undefined && network !== 'proxy') throw userError(`annotation ${annotations.network} must be "proxy"`);
  if (network === undefined && push === undefined) return { network: false, sockets: [], masks: [], close: async () => [] };
  try {
    const open = await context.relays.open({ run: reference, network: network === 'proxy', ...(push === undefined ? {} : { push }) });
    if (network === 'proxy' && open.proxySocket === undefined) throw new Error('no proxy is offered');
    return { ...open, network: network === 'proxy' };
  } catch (error) {
    throw new Ended({ reason: 'Failed', message: `a relay could not be opened: ${messageOf(error)}` });
  }
}
