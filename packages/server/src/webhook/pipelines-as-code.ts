import { sha256Hex } from '@colophon/core';
import type { KubeObject } from '@colophon/store';
import type { PushDelivery } from './delivery.ts';
import { matchesGlob } from './glob.ts';

const prefix = 'pipelinesascode.tekton.dev';

/** `[push, pull_request]`, `push`, `[main, release-*]`: Pipelines-as-Code's list notation (its documentation, "Matching events"). */
export function parseList(annotation: unknown): string[] {
  if (typeof annotation !== 'string') return [];
  const text = annotation.trim().replace(/^\[([\s\S]*)\]$/, '$1');
  return text
    .split(',')
    .map((item) => item.trim().replace(/^(['"])(.*)\1$/, '$2'))
    .filter((item) => item !== '');
}

/** Both annotations must match: the event, and the branch by its name or full ref, exactly or as a glob. */
export function matchesPush(run: KubeObject, delivery: PushDelivery): boolean {
  const annotations: Record<string, unknown> = run.metadata.annotations ?? {};
  if (!parseList(annotations[`${prefix}/on-event`]).includes('push')) return false;
  const branch = delivery.ref.replace(/^refs\/(?:heads|tags)\//, '');
  return parseList(annotations[`${prefix}/on-target-branch`]).some((pattern) => {
    if (pattern.startsWith('refs/')) return pattern === delivery.ref || matchesGlob(delivery.ref, pattern);
    return delivery.ref.startsWith('refs/heads/') && (pattern === branch || matchesGlob(branch, pattern));
  });
}

/** The variables of Pipelines-as-Code that a push gives. */
export function variables(delivery: PushDelivery, more: Readonly<Record<string, string>>): Record<string, string> {
  const branch = delivery.ref.replace(/^refs\/(?:heads|tags)\//, '');
  return {
    ...more,
    revision: delivery.revision ?? '',
    repo_url: delivery.cloneUrl,
    repo_owner: delivery.owner,
    repo_name: delivery.name,
    source_branch: branch,
    target_branch: branch,
    sender: delivery.sender,
    event_type: 'push',
  };
}

/**
 * Puts values in for `{{ name }}`. Done on the strings of the parsed document and not on its text, so that a branch name cannot
 * bring YAML with it (whoever may push chooses it). An unknown name is left as it is, as Pipelines-as-Code does.
 */
export function expand<Value>(value: Value, values: Readonly<Record<string, string>>): Value {
  if (typeof value === 'string') {
    return value.replace(/\{\{\s{0,8}([a-z_][a-z0-9_-]{0,63})\s{0,8}\}\}/g, (whole, name: string) =>
      Object.hasOwn(values, name) ? (values[name] as string) : whole,
    ) as Value;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => expand(item, values)) as Value;
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, expand(member as unknown, values)])) as Value;
  }
  return value;
}

/**
 * Labels the run as Pipelines-as-Code does, and names it after the delivery and its place in the repository: every push makes a run of its own, and
 * the same delivery, taken up again after a crash, the same run.
 */
export function prepareRun(
  run: KubeObject,
  delivery: PushDelivery,
  from: { namespace: string; repository: string; place: string },
): KubeObject {
  const { name, generateName, labels, annotations } = run.metadata as Record<string, unknown>;
  const base = typeof generateName === 'string' ? generateName : `${typeof name === 'string' ? name : 'run'}-`;
  return {
    ...run,
    metadata: {
      name: `${base.slice(0, 52)}${sha256Hex(`${delivery.id.toLowerCase()}\n${from.place}`).slice(0, 10)}`,
      namespace: from.namespace,
      labels: {
        ...(labels as Record<string, string> | undefined),
        [`${prefix}/event-type`]: 'push',
        [`${prefix}/sha`]: delivery.revision ?? '',
        [`${prefix}/repository`]: from.repository,
        [`${prefix}/original-prname`]: base.replace(/-$/, ''),
      },
      annotations: {
        ...(annotations as Record<string, string> | undefined),
        [`${prefix}/repo-url`]: delivery.cloneUrl,
        [`${prefix}/branch`]: delivery.ref,
        [`${prefix}/sender`]: delivery.sender,
      },
    },
  };
}
