// What a real Tekton Chains 0.29.2 wrote for recorded runs, in twelve configurations.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { canonicalJson } from '@colophon/core';
import { afterAll, describe, expect, it } from 'vitest';
import { chainsPayload, parseChainsConfig, type ChainsPayload } from '../../src/index.ts';

const folder = join(process.env['COLOPHON_CONFORMANCE'] ?? '/nonexistent', 'tekton-real', 'chains');
const found = existsSync(folder);
if (!found) console.warn('no recorded Chains payloads: set COLOPHON_CONFORMANCE');

interface Recorded {
  readonly id: string;
  readonly object: any;
  readonly children: any[];
  readonly results: Record<string, { annotations: { signed?: string }; payloads: Record<string, any> }>;
}

/** Orders that Chains itself does not keep from one attempt to the next. */
const sets = new Set(['subject', 'materials', 'resolvedDependencies', 'byproducts']);

/** The TaskRun inside a slsa-tekton dependency, without what depends on the moment at which Chains read it. */
function stable(content: string): unknown {
  const object = JSON.parse(Buffer.from(content, 'base64').toString());
  const { managedFields: _, resourceVersion: __, finalizers: ___, annotations = {}, ...metadata } = object.metadata;
  const kept = Object.fromEntries(Object.entries(annotations).filter(([name]) => !name.startsWith('chains.tekton.dev/')));
  return { ...object, metadata: { ...metadata, annotations: kept } };
}

function normalise(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => normalise(item));
    return sets.has(name) ? items.sort((left, right) => (canonicalJson(left) < canonicalJson(right) ? -1 : 1)) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const isTask = (value as any).name === 'pipelineTask' && 'content' in value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, isTask && key === 'content' ? stable(member as string) : normalise(member, key)]),
  );
}

/**
 * Two repositories with one digest share a key, and which of them Chains signs differs from attempt to attempt (the order of a Go map): any that the
 * run names is as good. Takes ours where the recorded one is among the statement's subjects.
 */
function sameImage(recorded: Record<string, any>, ours: Readonly<Record<string, ChainsPayload>>): Record<string, any> {
  const subjects = Object.values(recorded).flatMap(({ subject = [] }) => subject);
  return Object.fromEntries(
    Object.entries(recorded).map(([key, payload]) => {
      const own = ours[key];
      const name = payload.critical?.identity['docker-reference'];
      const isNamed = (repository: string) => subjects.some((item) => item.name === repository && item.digest.sha256?.startsWith(key));
      return [key, own?.kind === 'simplesigning' && isNamed(name) && isNamed(own.reference) ? document(own) : payload];
    }),
  );
}

function document(payload: ChainsPayload): unknown {
  if (payload.kind === 'statement') return payload.statement;
  const { reference, digest } = payload;
  return {
    critical: {
      identity: { 'docker-reference': reference },
      image: { 'docker-manifest-digest': digest },
      type: 'cosign container image signature',
    },
    optional: null,
  };
}

describe.skipIf(!found)('the recorded runs', () => {
  const configs: Record<string, Record<string, string>> = found ? JSON.parse(readFileSync(join(folder, 'configs.json'), 'utf8')) : {};
  const lines = found
    ? gunzipSync(readFileSync(join(folder, 'runs.jsonl.gz')))
        .toString()
        .trim()
        .split('\n')
    : [];
  const runs: Recorded[] = lines.map((line) => JSON.parse(line));
  const count = { agree: 0, all: 0 };
  afterAll(() =>
    console.log(
      `Chains 0.29.2: ${count.agree} of ${count.all} results agree (${runs.length} runs, ${Object.keys(configs).length} configurations)`,
    ),
  );

  it('are all there', () => {
    expect(runs.length).toBeGreaterThanOrEqual(52);
    expect(Object.keys(configs)).toHaveLength(12);
  });

  it.each(runs.flatMap((run) => Object.keys(configs).map((config) => [run.id, config, run] as const)))('%s in %s', (_, config, run) => {
    count.all += 1;
    const recorded = run.results[config]!;
    const ours = chainsPayload(parseChainsConfig(configs[config]!), run.object, run.children);
    const outcome = recorded.annotations.signed === undefined ? 'skipped' : recorded.annotations.signed === 'true' ? 'signed' : 'failed';
    expect(ours.outcome).toBe(outcome);
    const payloads = Object.fromEntries(Object.entries(ours.payloads).map(([key, payload]) => [key, normalise(document(payload))]));
    expect(payloads).toEqual(normalise(sameImage(recorded.payloads, ours.payloads)));
    count.agree += 1;
  });
});
