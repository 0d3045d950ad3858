import { randomInt } from 'node:crypto';
import { storeErrors } from '../errors.ts';
import type { KubeObject, ResourceType } from './types.ts';

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** A generated name: the prefix, cut to fit, and five letters without vowels, as Kubernetes makes them. */
export function generateName(prefix: string): string {
  const suffix = Array.from({ length: 5 }, () => suffixLetters[randomInt(suffixLetters.length)]).join('');
  return `${prefix.slice(0, 58)}${suffix}`;
}

export function typeKey({ group, resource }: ResourceType): string {
  return `${resource}.${group}`;
}

/** For messages: `taskruns.tekton.dev "x"`, as Kubernetes says it. */
export function label({ group, resource }: ResourceType, name: string): string {
  return `${group === '' ? resource : `${resource}.${group}`} ${JSON.stringify(name)}`;
}

/** Names come into paths and URLs: a DNS subdomain (RFC 1123), at most 253 characters. */
export function checkIdentity(type: ResourceType, object: KubeObject): void {
  const { name, namespace } = object.metadata;
  const subdomain = /^[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?$/;
  if (name === undefined || name.length > 253 || !subdomain.test(name)) {
    throw storeErrors.error(
      'STORE_INVALID',
      `metadata.name: Invalid value: ${JSON.stringify(name ?? '')}: a lowercase RFC 1123 subdomain is needed`,
      { status: 422 },
    );
  }
  if (!type.namespaced) return;
  if (namespace === undefined || namespace.length > 63 || !/^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(namespace)) {
    throw storeErrors.error(
      'STORE_INVALID',
      `metadata.namespace: Invalid value: ${JSON.stringify(namespace ?? '')}: a lowercase RFC 1123 label is needed`,
      { status: 422 },
    );
  }
}

/** Kubernetes' times have whole seconds. */
export function kubeTime(date = new Date()): string {
  return date.toISOString().replace(/\.\d{3}Z$/, 'Z');
}

export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze(member);
  }
  return value;
}
