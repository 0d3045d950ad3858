import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeObject } from '@colophon/store';
import type { ServerProcess } from './server.ts';

const tekton = (namespace: string, resource: string, name = '') =>
  `/kubernetes/apis/tekton.dev/v1/namespaces/${namespace}/${resource}${name === '' ? '' : `/${name}`}`;
const builds = (namespace: string, name: string) => `/kubernetes/apis/colophon.dev/v1/namespaces/${namespace}/builds/${name}`;

export type RunKind = 'taskruns' | 'pipelineruns';

/** A TaskRun of one shell step, perhaps with a workspace for images. */
export function shellRun(
  name: string,
  image: string,
  script: string,
  options: { images?: string; results?: readonly string[]; annotations?: Record<string, string> } = {},
): KubeObject {
  const workspace = options.images === undefined ? [] : [{ name: 'images', mountPath: '/images' }];
  return {
    apiVersion: 'tekton.dev/v1',
    kind: 'TaskRun',
    metadata: { name, namespace: 'default', annotations: options.annotations ?? {} },
    spec: {
      workspaces: workspace.map((one) => ({
        name: one.name,
        csi: { driver: 'images.colophon.dev', volumeAttributes: { repository: options.images } },
      })),
      taskSpec: {
        workspaces: workspace,
        results: (options.results ?? []).map((result) => ({ name: result })),
        steps: [{ name: 'a', image, script: `#!/bin/sh\nset -e\n${script}\n` }],
      },
    },
  };
}

export async function submit(server: ServerProcess, kind: RunKind, run: KubeObject): Promise<KubeObject> {
  return server.json('POST', tekton(run.metadata.namespace ?? 'default', kind), run);
}

export function condition(run: KubeObject): { status: string; reason: string; message: string } | undefined {
  return run.status?.conditions?.find(({ type }: { type: string }) => type === 'Succeeded');
}

/** Asks until `done` has something to say. */
export async function until<Found>(ask: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await ask();
    if (found !== undefined) return found;
    await sleep(50);
  }
}

/** The run when it has ended. */
export async function ended(server: ServerProcess, kind: RunKind, name: string, namespace = 'default'): Promise<KubeObject> {
  return until(async () => {
    const run = await server.json<KubeObject>('GET', tekton(namespace, kind, name));
    return ['True', 'False'].includes(condition(run)?.status ?? '') ? run : undefined;
  });
}

/** The run's record when it is attested. */
export async function attested(server: ServerProcess, run: KubeObject): Promise<KubeObject> {
  return until(async () => {
    const build = await server.json<KubeObject>('GET', builds(run.metadata.namespace ?? 'default', run.metadata.uid as string));
    return build.status?.phase === 'Complete' ? build : undefined;
  });
}
