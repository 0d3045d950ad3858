import { type StepPlan, type TaskRun, type TaskRunPlan, type VolumeSource } from '@colophon/pipeline';
import { claimName } from '@colophon/pipeline';
import type { TaskPlanInput } from '../plan/plan.ts';
import type { InputRecord, RunReference } from './build-record.ts';
import type { Inputs } from './contract.ts';
import { bytes, type Directories } from './directories.ts';
import type { FileData, NamespaceData } from './lookup.ts';

type HostVolume = TaskPlanInput['volumes'][number];

export interface PreparedVolumes {
  readonly volumes: HostVolume[];
  /** The host's name of a workspace or volume. */
  nameOf(kind: 'workspace' | 'volume', name: string): string | undefined;
  readonly inputs: InputRecord[];
  /** Directories whose OCI layouts are collected when the task has succeeded. */
  readonly outputs: { readonly workspace: string; readonly directory: string; readonly repository: string }[];
  readonly secrets: string[];
  readonly notReplayable: Set<'claim' | 'configMap' | 'secret'>;
}

/** What is wrong with a volume: of its configuration, in the kubelet's words, or of what it asks for. */
export class VolumeProblem extends Error {
  readonly kind: 'config' | 'invalid';

  constructor(kind: 'config' | 'invalid', message: string) {
    super(message);
    this.kind = kind;
  }
}

export interface VolumeContext {
  readonly run: TaskRun;
  readonly reference: RunReference;
  /** Claims that the top-level run's templates make: they go with it. */
  readonly templateClaims: ReadonlyMap<string, number | undefined>;
  readonly data: NamespaceData;
  readonly inputs: Inputs;
  readonly directories: Directories;
  readonly signal: AbortSignal;
}

/** Makes ready what a TaskRun's steps mount: fetched and verified inputs, directories, files of ConfigMaps and Secrets. */
export async function prepareVolumes(plan: TaskRunPlan, context: VolumeContext): Promise<PreparedVolumes> {
  const sources: { kind: 'workspace' | 'volume'; name: string; source: VolumeSource & { volumeClaimTemplate?: unknown } }[] = [
    ...plan.workspaces.map(({ binding }) => ({ kind: 'workspace' as const, name: binding.name, source: binding })),
    ...plan.volumes.map((volume) => ({ kind: 'volume' as const, name: volume.name, source: volume })),
  ];
  const used = new Set(plan.steps.flatMap(({ mounts }: StepPlan) => mounts.map(({ kind, name }) => `${kind}/${name}`)));
  const prepared: PreparedVolumes = {
    volumes: [],
    nameOf: (kind, name) => names.get(`${kind}/${name}`),
    inputs: [],
    outputs: [],
    secrets: [],
    notReplayable: new Set(),
  };
  const names = new Map<string, string>();
  const mounted = sources.filter(({ kind, name }) => used.has(`${kind}/${name}`));
  const volumes = await Promise.all(mounted.map((one, index) => prepareOne({ ...one, host: `${one.kind}-${index}` }, context, prepared)));
  for (const [index, { kind, name }] of mounted.entries()) names.set(`${kind}/${name}`, `${kind}-${index}`);
  prepared.volumes.push(...volumes);
  return prepared;
}

interface Source {
  readonly kind: 'workspace' | 'volume';
  readonly name: string;
  readonly host: string;
  readonly source: VolumeSource & { volumeClaimTemplate?: unknown };
}

/** A claim asks for the least it needs: it gets no less than one that asks for nothing. */
const leastClaim = 4 * 2 ** 30;

async function prepareOne({ name, host, source }: Source, context: VolumeContext, prepared: PreparedVolumes): Promise<HostVolume> {
  const { run, directories, data, templateClaims } = context;
  const owned = (path: string, size?: number): HostVolume => {
    const sizeLimit = size === undefined ? {} : { sizeLimit: Math.max(size, leastClaim) };
    return { kind: 'directory', name: host, path, readOnly: false, owned: true, ...sizeLimit };
  };
  if (source.emptyDir !== undefined) {
    const sizeLimit = bytes(source.emptyDir.sizeLimit);
    return { kind: 'empty', name: host, ...(sizeLimit === undefined ? {} : { sizeLimit }) };
  }
  if (source.volumeClaimTemplate !== undefined) {
    const claim = claimName({ ...source, name } as Parameters<typeof claimName>[0], run.metadata.uid ?? '');
    return owned(await directories.claim(run, claim, true), templateClaims.get(claim));
  }
  if (source.persistentVolumeClaim !== undefined) {
    const claim = source.persistentVolumeClaim.claimName;
    const ofRun = templateClaims.has(claim);
    if (!ofRun) prepared.notReplayable.add('claim');
    return owned(await directories.claim(run, claim, ofRun), templateClaims.get(claim));
  }
  if (source.configMap !== undefined) {
    prepared.notReplayable.add('configMap');
    const { name: wanted = '', optional, items } = source.configMap;
    return files(host, {
      what: `configmap "${wanted}"`,
      found: data.configMapFiles(wanted),
      optional,
      items,
      mode: source.configMap.defaultMode,
    });
  }
  if (source.secret !== undefined) {
    prepared.notReplayable.add('secret');
    const { secretName = '', optional, items } = source.secret;
    const found = data.secretFiles(secretName);
    for (const value of found?.values() ?? []) prepared.secrets.push(value.toString());
    return files(host, { what: `secret "${secretName}"`, found, optional, items, mode: source.secret.defaultMode });
  }
  if (source.csi !== undefined) return csi({ name, host, csi: source.csi }, context, prepared);
  throw new VolumeProblem('invalid', `volume "${name}" is of a kind that is not run here`);
}

async function csi(
  { name, host, csi: { driver, volumeAttributes = {} } }: { name: string; host: string; csi: NonNullable<VolumeSource['csi']> },
  context: VolumeContext,
  prepared: PreparedVolumes,
): Promise<HostVolume> {
  if (driver === 'source.colophon.dev' || driver === 'packages.colophon.dev') {
    const request = { run: context.reference, workspace: name, driver, attributes: volumeAttributes } as const;
    const { directory, record } = await context.inputs.prepare(request, { signal: context.signal });
    prepared.inputs.push(record);
    return { kind: 'directory', name: host, path: directory, readOnly: true };
  }
  if (driver === 'images.colophon.dev') {
    const { repository, ...rest } = volumeAttributes;
    const unknown = Object.keys(rest);
    if (repository === undefined || repository === '' || unknown.length > 0) {
      const why = unknown.length > 0 ? `does not know ${unknown.join(', ')}` : 'needs repository';
      throw new VolumeProblem('invalid', `volume "${name}": csi driver ${driver} ${why} in volumeAttributes`);
    }
    const directory = await context.directories.images(context.run, repository);
    prepared.outputs.push({ workspace: name, directory, repository });
    return { kind: 'directory', name: host, path: directory, readOnly: false, owned: true };
  }
  throw new VolumeProblem('invalid', `volume "${name}": csi driver ${driver} is not one of source, packages and images of colophon.dev`);
}

interface FileSource {
  readonly what: string;
  readonly found: FileData | undefined;
  readonly optional: boolean | undefined;
  readonly items: readonly { key: string; path: string }[] | undefined;
  readonly mode: number | undefined;
}

function files(host: string, { what, found, optional, items, mode }: FileSource): HostVolume {
  if (found === undefined && optional !== true) throw new VolumeProblem('config', `${what} not found`);
  const out: Record<string, string> = {};
  for (const { key, path } of items ?? [...(found?.keys() ?? [])].map((key) => ({ key, path: key }))) {
    const content = found?.get(key);
    if (content === undefined) {
      if (optional === true) continue;
      throw new VolumeProblem('config', `references non-existent ${what.split(' ')[0]} key: ${key}`);
    }
    out[path] = content.toString('base64');
  }
  return { kind: 'files', name: host, files: out, ...(mode === undefined ? {} : { mode: mode & 0o777 }) };
}

/** The ConfigMaps and Secrets that a plan names anywhere. */
export function namedData(plan: TaskRunPlan): { configMaps: Set<string>; secrets: Set<string> } {
  const configMaps = new Set<string>();
  const secrets = new Set<string>();
  for (const source of [...plan.workspaces.map(({ binding }) => binding as VolumeSource), ...plan.volumes]) {
    if (source.configMap?.name !== undefined) configMaps.add(source.configMap.name);
    if (source.secret?.secretName !== undefined) secrets.add(source.secret.secretName);
  }
  for (const { env, envFrom } of plan.steps) {
    for (const { valueFrom } of env) {
      if (valueFrom?.configMapKeyRef?.name !== undefined) configMaps.add(valueFrom.configMapKeyRef.name);
      if (valueFrom?.secretKeyRef?.name !== undefined) secrets.add(valueFrom.secretKeyRef.name);
    }
    for (const { configMapRef, secretRef } of envFrom) {
      if (configMapRef?.name !== undefined) configMaps.add(configMapRef.name);
      if (secretRef?.name !== undefined) secrets.add(secretRef.name);
    }
  }
  return { configMaps, secrets };
}
