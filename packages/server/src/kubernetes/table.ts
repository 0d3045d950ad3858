import type { KubeObject, ResourceType } from '@colophon/store';
import { humanDuration } from './duration.ts';

interface Column {
  readonly name: string;
  readonly type: 'string' | 'date' | 'integer';
  readonly format?: 'name';
  readonly description: string;
  cell(object: KubeObject, now: number): string | number | null;
}

const name: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name must be unique within a namespace.',
  cell: ({ metadata }) => metadata.name ?? '',
};
const age: Column = {
  name: 'Age',
  type: 'string',
  description: 'Time since the object was made.',
  cell: ({ metadata }, now) => since(metadata.creationTimestamp, now) ?? '<unknown>',
};
const text = (title: string, cell: Column['cell'], description = title): Column => ({ name: title, type: 'string', description, cell });

const runColumns: readonly Column[] = [
  name,
  text('Succeeded', (object) => condition(object)?.status ?? null, 'Status of the condition Succeeded'),
  text('Reason', (object) => condition(object)?.reason ?? null, 'Reason of the condition Succeeded'),
  { name: 'StartTime', type: 'date', description: 'When the run began', cell: ({ status }, now) => since(status?.startTime, now) },
  {
    name: 'CompletionTime',
    type: 'date',
    description: 'When the run ended',
    cell: ({ status }, now) => since(status?.completionTime, now),
  },
];

/** kubectl's columns, by resource; what is not here has NAME and AGE. */
const columns: Readonly<Record<string, readonly Column[]>> = {
  'taskruns.tekton.dev': runColumns,
  'pipelineruns.tekton.dev': runColumns,
  'configmaps.': [name, { name: 'Data', type: 'integer', description: 'Data', cell: ({ data }) => count(data) }, age],
  'secrets.': [
    name,
    text('Type', ({ type }) => (typeof type === 'string' ? type : 'Opaque')),
    { name: 'Data', type: 'integer', description: 'Data', cell: ({ data }) => count(data) },
    age,
  ],
  'namespaces.': [name, text('Status', ({ status }) => String(status?.phase ?? '')), age],
  'events.': [
    text('Last Seen', ({ lastTimestamp, eventTime, metadata }, now) =>
      since(lastTimestamp ?? eventTime ?? metadata.creationTimestamp, now),
    ),
    text('Type', ({ type }) => word(type)),
    text('Reason', ({ reason }) => word(reason)),
    text('Object', ({ involvedObject }) => {
      const { kind = '', name: of = '' } = (involvedObject ?? {}) as { kind?: string; name?: string };
      return `${kind.toLowerCase()}/${of}`;
    }),
    text('Message', ({ message }) => word(message).trim()),
  ],
  'pods.': [
    name,
    text('Ready', ({ status }) => {
      const all = (status?.containerStatuses ?? []) as { ready?: boolean }[];
      return `${all.filter(({ ready }) => ready === true).length}/${all.length}`;
    }),
    text('Status', ({ status }) => podStatus(status)),
    { name: 'Restarts', type: 'integer', description: 'Restarts', cell: () => 0 },
    age,
  ],
};

export interface TableOptions {
  readonly metadata: Record<string, unknown>;
  readonly includeObject: string;
  /** False for all but the first table of a watch. */
  readonly headings: boolean;
  readonly now: number;
}

/** meta/v1 Table. */
export function tableOf(type: ResourceType, objects: readonly KubeObject[], options: TableOptions): object {
  const shown = columns[`${type.resource}.${type.group}`] ?? [name, age];
  const definitions = shown.map(({ name: title, type: kind, format = '', description }) => ({
    name: title,
    type: kind,
    format,
    description,
    priority: 0,
  }));
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata,
    columnDefinitions: options.headings ? definitions : [],
    rows: objects.map((object) => ({
      cells: shown.map(({ cell }) => cell(object, options.now)),
      object: embedded(object, options.includeObject),
    })),
  };
}

function embedded(object: KubeObject, include: string): object | null {
  if (include === 'None') return null;
  if (include === 'Object') return object;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}

function condition(object: KubeObject): { status: string; reason: string } | undefined {
  const conditions: unknown = object.status?.conditions;
  return Array.isArray(conditions) ? conditions.find(({ type }) => type === 'Succeeded') : undefined;
}

function since(time: unknown, now: number): string | null {
  return typeof time === 'string' && !Number.isNaN(Date.parse(time)) ? humanDuration(now - Date.parse(time)) : null;
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function count(data: unknown): number {
  return typeof data === 'object' && data !== null ? Object.keys(data).length : 0;
}

function podStatus(status: any): string {
  if (status?.phase === 'Succeeded') return 'Completed';
  if (status?.phase === 'Failed') return 'Error';
  return String(status?.phase ?? 'Pending');
}
