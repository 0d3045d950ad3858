import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { digestOf, type Digest } from '@colophon/core';
import { admit, isDone, parseDocuments, type PipelineRun, type TaskRun } from '@colophon/pipeline';
import { openObjectStore, type KubeObject, type ObjectStore } from '@colophon/store';
import type { BuildRecord, Collaborators, OutputRequest, ProducedImage, TaskHost } from '../../src/controller/index.ts';
import { startController, type Controller } from '../../src/controller/index.ts';
import {
  buildType,
  configMapType,
  pipelineRunType,
  pipelineType,
  secretType,
  taskRunType,
  taskType,
} from '../../src/controller/resources.ts';
import { FakeHost } from './fake-host.ts';

const types = {
  Task: taskType,
  TaskRun: taskRunType,
  Pipeline: pipelineType,
  PipelineRun: pipelineRunType,
  ConfigMap: configMapType,
  Secret: secretType,
};

/** Collaborators that do as they are told, and remember what they were asked. */
export class FakeHouse implements Collaborators {
  readonly collected: OutputRequest[] = [];
  readonly opened: unknown[] = [];
  readonly image: Digest | undefined;
  produce: (request: OutputRequest) => readonly ProducedImage[] = () => [];

  constructor(image?: Digest) {
    this.image = image;
  }

  readonly inputs: Collaborators['inputs'] = {
    async prepare({ workspace, driver, attributes }) {
      if (attributes['uri'] === 'git+https://bad.example/x') throw new Error('the commit does not verify');
      const kind = driver === 'source.colophon.dev' ? 'source' : 'packages';
      const digest = kind === 'source' ? { gitCommit: 'c'.repeat(40) } : { sha256: 'd'.repeat(64) };
      return { directory: `/inputs/${kind}`, record: { workspace, kind, uri: attributes['uri'] ?? '', revision: 'c'.repeat(40), digest } };
    },
  };
  readonly images: Collaborators['images'] = {
    resolve: async (reference) => {
      if (reference.includes('missing')) throw new Error(`${reference}: not found`);
      return {
        repository: reference.replace(/[:@].*$/, ''),
        digest: this.image ?? imageDigest(reference),
        config:
          this.image === undefined
            ? { entrypoint: ['/entry'], command: ['cmd'], env: ['PATH=/bin'], workingDir: '/image', user: '65532' }
            : { entrypoint: [], command: [], env: ['PATH=/bin'], workingDir: '', user: '' },
      };
    },
  };
  readonly outputs: Collaborators['outputs'] = {
    collect: async (request) => {
      this.collected.push(request);
      return this.produce(request);
    },
  };
  readonly masks: Collaborators['masks'] = { values: async () => ['from-elsewhere'] };
  readonly relays: Collaborators['relays'] = {
    open: async (request) => {
      this.opened.push(request);
      return { ...(request.network ? { proxySocket: '/sockets/proxy' } : {}), sockets: [], masks: [], close: async () => [] };
    },
  };
}

export function imageDigest(text: string): Digest {
  return digestOf(text);
}

export interface House {
  readonly store: ObjectStore;
  readonly host: FakeHost;
  readonly fakes: FakeHouse;
  readonly data: string;
  /** Creates every document of a text in namespace `ns`, admitted. */
  apply(yaml: string): Promise<void>;
  start(options?: { concurrency?: number }): Promise<Controller>;
  taskRun(name: string): Promise<TaskRun>;
  pipelineRun(name: string): Promise<PipelineRun>;
  /** Waits until the run is done. */
  finished<Run extends TaskRun | PipelineRun>(kind: 'TaskRun' | 'PipelineRun', name: string): Promise<Run>;
  record(run: TaskRun | PipelineRun): Promise<BuildRecord>;
  close(): Promise<void>;
}

/** With `real`, the tasks go to that host, and the one image there is is the one given. */
export async function house(real?: { host: TaskHost; data: string; image: Digest }): Promise<House> {
  const data = real?.data ?? (await mkdtemp(join(tmpdir(), 'colophon-controller-')));
  const store = await openObjectStore(join(data, 'objects.sqlite'));
  const host = new FakeHost();
  const fakes = new FakeHouse(real?.image);
  const controllers: Controller[] = [];
  const get = async (kind: 'TaskRun' | 'PipelineRun', name: string) => {
    const found = await store.get(types[kind], 'ns', name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found as unknown;
  };
  return {
    store,
    host,
    fakes,
    data,
    async apply(yaml) {
      for (const { value } of parseDocuments(yaml)) {
        const kind = value['kind'] as keyof typeof types;
        const object =
          kind === 'ConfigMap' || kind === 'Secret' ? (value as unknown as KubeObject) : (admit(value) as unknown as KubeObject);
        await store.create(types[kind], { ...object, metadata: { ...object.metadata, namespace: 'ns' } });
      }
    },
    async start(options = {}) {
      const { inputs, images, outputs, masks, relays } = fakes;
      const controller = await startController({
        store,
        host: real?.host ?? host,
        data,
        inputs,
        images,
        outputs,
        masks,
        relays,
        ...options,
      });
      controllers.push(controller);
      return controller;
    },
    taskRun: async (name) => (await get('TaskRun', name)) as TaskRun,
    pipelineRun: async (name) => (await get('PipelineRun', name)) as PipelineRun,
    async finished<Run extends TaskRun | PipelineRun>(kind: 'TaskRun' | 'PipelineRun', name: string) {
      for await (const { object } of store.watch(types[kind], 'ns', {})) {
        if (object.metadata.name === name && isDone(object.status as Run['status'])) return object as unknown as Run;
      }
      throw new Error('the watch ended');
    },
    async record(run) {
      const build = await store.get(buildType, 'ns', run.metadata.uid ?? '');
      if (build === undefined) throw new Error(`no record of ${run.metadata.name}`);
      return build.spec as BuildRecord;
    },
    async close() {
      for (const controller of controllers) await controller.close();
      await store.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}
