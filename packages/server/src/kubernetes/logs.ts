import type { KubeObject, ObjectStore, ResourceType } from '@colophon/store';
import type { KubernetesOptions } from './options.ts';
import { podName, podOf } from './pod.ts';
import { isTrue, number } from './read.ts';
import { notFound, Refusal } from './status.ts';
import { streamOf } from './stream.ts';
import { pods } from './synthetic.ts';

/** `pods/NAME/log` (Kubernetes, "Read log of the specified Pod"): the log of one step. Times of lines are not kept, so `timestamps` is left aside. */
export async function readLog(
  request: Request,
  namespace: string,
  pod: string,
  options: Pick<KubernetesOptions, 'podLogs'> & { store: ObjectStore; taskRuns: ResourceType | undefined },
): Promise<Response> {
  const taskRun = options.taskRuns === undefined ? undefined : await findTaskRun(options.store, options.taskRuns, namespace, pod);
  const made = taskRun === undefined ? undefined : podOf(taskRun);
  if (taskRun === undefined || made === undefined) throw notFound(pods, pod);
  const containers = (made.spec.containers as { name: string }[]).map(({ name }) => name);
  const parameters = new URL(request.url).searchParams;
  const wanted = parameters.get('container') ?? '';
  if (wanted === '' && containers.length !== 1)
    throw new Refusal(400, `a container name must be specified for pod ${pod}, choose one of: [${containers.join(' ')}]`);
  const container = wanted === '' ? (containers[0] as string) : wanted;
  if (!containers.includes(container)) throw new Refusal(400, `container ${container.slice(0, 253)} is not valid for pod ${pod}`);
  if (isTrue(parameters.get('previous')))
    throw new Refusal(400, `previous terminated container ${JSON.stringify(container)} in pod ${JSON.stringify(pod)} not found`);
  const follow = isTrue(parameters.get('follow'));
  const tail = follow ? undefined : number(parameters, 'tailLines');
  const most = number(parameters, 'limitBytes');

  async function* bytes(signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const source = options.podLogs(taskRun as KubeObject, container.replace(/^step-/, ''), { follow, signal });
    if (source === undefined) return;
    const cut = tail === undefined ? source : lastLines(source, tail);
    yield* most === undefined ? cut : first(cut, most);
  }
  return streamOf(request, 'text/plain', bytes);
}

async function findTaskRun(store: ObjectStore, type: ResourceType, namespace: string, pod: string): Promise<KubeObject | undefined> {
  const direct = await store.get(type, namespace, pod.replace(/-pod$/, ''));
  if (direct !== undefined && podName(direct) === pod) return direct;
  return (await store.list(type, namespace)).items.find((taskRun) => podName(taskRun) === pod);
}

/** Lines that `tail` keeps in memory; a step controls how long they are, so the bytes are bounded too. */
const tailBytes = 16 << 20;

async function* lastLines(source: AsyncIterable<Uint8Array>, count: number): AsyncGenerator<Uint8Array> {
  let kept = Buffer.alloc(0);
  for await (const chunk of source) {
    kept = Buffer.concat([kept, chunk]);
    if (kept.length > 2 * tailBytes) kept = kept.subarray(-tailBytes);
  }
  let at = kept.at(-1) === 0x0a ? kept.length - 1 : kept.length;
  for (let line = 0; line < count && at >= 0; line += 1) at = at === 0 ? -1 : kept.lastIndexOf(0x0a, at - 1);
  if (count > 0) yield kept.subarray(at + 1);
}

async function* first(source: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<Uint8Array> {
  let left = most;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
