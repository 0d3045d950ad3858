import { randomInt } from 'node:crypto';
import { storeErrors } from '../errors.ts';
import type { Place } from './change.ts';
import type { KubeObject, ResourceType } from './types.ts';

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

/** A generated name: the prefix, cut to fit, and five letters without vowels, as Kubernetes makes them. */
export function generateName(prefix: string): string {
  const suffix = Array.from({ length: 5 }, () => suffixLetters[randomInt(suffixLetters.length)]).join('');
  return `${prefix.slice(0, 58)}${suffix}`;
}

export function placeOf(type: ResourceType, namespace: string | undefined, name: string): Place {
  return { type: `${type.resource}.${type.group}`, namespace: type.namespaced ? (namespace ?? '') : '', name };
}

/** For messages: `taskruns.tekton.dev "x"`, as Kubernetes says it. */
export function label({ group, resource }: ResourceType, name: string): string {
  return `${group === '' ? resource : `${resource}.${group}`} ${JSON.stringify(name)}`;
}

const dnsLabel = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const subdomainRule =
  `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an ` +
  `alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`;

/** Names come into paths and URLs: a DNS subdomain (RFC 1123) of at most 253 characters, in a namespace that is a DNS label. */
export function checkPlace(type: ResourceType, { name, namespace }: Place): void {
  if (name === '') throw invalid(type, name, 'metadata.name: Required value: name or generateName is required');
  if (name.length > 253 || !name.split('.').every((part) => dnsLabel.test(part)))
    throw invalid(type, name, `metadata.name: Invalid value: ${JSON.stringify(name)}: ${subdomainRule}`);
  if (type.namespaced && (namespace.length > 63 || !dnsLabel.test(namespace)))
    throw invalid(type, name, `metadata.namespace: Invalid value: ${JSON.stringify(namespace)}: a lowercase RFC 1123 label is needed`);
}

/** The shape of metadata that the store itself relies on; everything else is the kind's own business. */
export function checkMetadata(type: ResourceType, object: KubeObject): void {
  const metadata: Record<string, unknown> = { ...object.metadata };
  const name = object.metadata.name ?? '';
  for (const member of ['labels', 'annotations']) {
    if (!isMap(metadata[member])) throw invalid(type, name, `metadata.${member}: Invalid value: must be a map of strings`);
  }
  if (!isList(metadata['finalizers'], (item) => typeof item === 'string'))
    throw invalid(type, name, 'metadata.finalizers: Invalid value: must be a list of strings');
  if (!isList(metadata['ownerReferences'], (item) => isRecord(item) && typeof item['uid'] === 'string'))
    throw invalid(type, name, 'metadata.ownerReferences: Invalid value: each needs a uid');
  if (!isList(metadata['managedFields'], (item) => isRecord(item) && isRecord(item['fieldsV1'])))
    throw invalid(type, name, 'metadata.managedFields: Invalid value: each needs fieldsV1');
}

function isMap(value: unknown): boolean {
  return value === undefined || (isRecord(value) && Object.values(value).every((member) => typeof member === 'string'));
}

function isList(value: unknown, test: (item: unknown) => boolean): boolean {
  return value === undefined || (Array.isArray(value) && value.every(test));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid({ kind, group }: ResourceType, name: string, what: string): Error {
  return storeErrors.error('STORE_INVALID', `${group === '' ? kind : `${kind}.${group}`} ${JSON.stringify(name)} is invalid: ${what}`, {
    status: 422,
  });
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
