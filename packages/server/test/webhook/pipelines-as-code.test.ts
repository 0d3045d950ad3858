import { describe, expect, it } from 'vitest';
import type { KubeObject } from '@colophon/store';
import type { PushDelivery } from '../../src/webhook/delivery.ts';
import { expand, matchesPush, parseList, prepareRun, variables } from '../../src/webhook/pipelines-as-code.ts';

const delivery: PushDelivery = {
  id: '72d3162e-cc78-11e3-81ab-4c9367dc0958',
  cloneUrl: 'https://git.example/team/app.git',
  ref: 'refs/heads/main',
  revision: 'a'.repeat(40),
  owner: 'team',
  name: 'app',
  sender: 'dev',
};
const run = (annotations?: unknown): KubeObject =>
  ({ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata: { name: 'build', annotations } }) as KubeObject;
const on = (event: unknown, branch: unknown) =>
  run({ 'pipelinesascode.tekton.dev/on-event': event, 'pipelinesascode.tekton.dev/on-target-branch': branch });

describe('matching (Pipelines-as-Code, "Matching events")', () => {
  it.each([
    [undefined, []],
    ['', []],
    ['[]', []],
    ['push', ['push']],
    ['[push]', ['push']],
    [' [ push , pull_request ] ', ['push', 'pull_request']],
    [`["push", 'x']`, ['push', 'x']],
    [['push'], []],
    [7, []],
  ])('%j is the list %j', (annotation, list) => expect(parseList(annotation)).toEqual(list));

  it.each([
    ['[push]', '[main]', true],
    ['push', 'main', true],
    ['[pull_request, push]', '[main, release-*]', true],
    ['[push]', '[refs/heads/main]', true],
    ['[push]', '[refs/heads/*]', true],
    ['[push]', '[m*]', true],
    ['[pull_request]', '[main]', false],
    ['[push]', '[release-*]', false],
    ['[push]', '[refs/tags/*]', false],
    ['[push]', '', false],
    ['', '[main]', false],
    ['[pushes]', '[main]', false],
    [{ push: true }, '[main]', false],
    ['[push]', null, false],
  ])('on-event %j, on-target-branch %j: %j', (event, branch, expected) => expect(matchesPush(on(event, branch), delivery)).toBe(expected));

  it.each([undefined, null, 'push', 7, []])('annotations %j match nothing', (annotations) =>
    expect(matchesPush(run(annotations), delivery)).toBe(false),
  );

  it('a tag is matched by its full name only: a tag called main is not the branch', () => {
    const tag = { ...delivery, ref: 'refs/tags/main' };
    expect(matchesPush(on('[push]', '[main]'), tag)).toBe(false);
    expect(matchesPush(on('[push]', '[*]'), tag)).toBe(false);
    expect(matchesPush(on('[push]', '[refs/tags/*]'), tag)).toBe(true);
  });
});

describe('expansion', () => {
  const values = variables({ ...delivery, ref: 'refs/heads/{{ secret }}' }, { secret: 's3cret', registry: 'reg', revision: 'overridden' });

  it('gives the names of Pipelines-as-Code, and a server’s own values never stand for them', () => {
    expect(values).toMatchObject({
      revision: 'a'.repeat(40),
      repo_url: delivery.cloneUrl,
      repo_owner: 'team',
      repo_name: 'app',
      registry: 'reg',
    });
    expect(expand('{{ revision }} {{revision}} {{ repo_name }}/{{ unknown }}', values)).toBe(
      `${'a'.repeat(40)} ${'a'.repeat(40)} app/{{ unknown }}`,
    );
  });

  it('a value that looks like a name is not expanded again', () => expect(expand('{{ source_branch }}', values)).toBe('{{ secret }}'));

  it('a branch name cannot bring YAML with it: it stays in the string where the author put it', () => {
    const branch = 'x"}],"script":"evil';
    const spec = { params: [{ name: 'branch', value: '{{ source_branch }}' }], depth: 3, on: true, none: null };
    expect(expand(spec, variables({ ...delivery, ref: `refs/heads/${branch}` }, {}))).toEqual({
      ...spec,
      params: [{ name: 'branch', value: branch }],
    });
  });

  it('names of an object’s own machinery are no values', () => {
    for (const name of ['constructor', '__proto__', 'toString', 'hasownproperty'])
      expect(expand(`{{ ${name} }}`, values)).toBe(`{{ ${name} }}`);
  });

  it('keys are left alone', () => expect(expand({ '{{ registry }}': 'x' }, values)).toEqual({ '{{ registry }}': 'x' }));
});

describe('the run', () => {
  const from = { namespace: 'team', repository: 'app', place: 'build.yaml\n0' };
  const name = (base: Record<string, unknown>, other = delivery, place = from.place) =>
    prepareRun({ ...run(), metadata: base }, other, { ...from, place }).metadata.name as string;

  it('is named after delivery and place: the same for the same, another for another', () => {
    const first = name({ generateName: 'build-' });
    expect(first).toMatch(/^build-[0-9a-f]{10}$/);
    expect(name({ generateName: 'build-' }, { ...delivery, id: delivery.id.toUpperCase() })).toBe(first);
    expect(name({ name: 'build' })).toBe(first);
    expect(name({ generateName: 'build-' }, { ...delivery, id: '00000000-0000' })).not.toBe(first);
    expect(name({ generateName: 'build-' }, delivery, 'build.yaml\n1')).not.toBe(first);
    expect(name({ generateName: 'x'.repeat(200) })).toHaveLength(62);
    expect(name({ generateName: 7, name: {} })).toMatch(/^run-[0-9a-f]{10}$/);
  });

  it('is labelled, stays in the repository’s namespace, and keeps of the author’s metadata labels and annotations only', () => {
    const metadata = {
      name: 'build',
      namespace: 'kube-system',
      uid: 'u',
      finalizers: ['never'],
      ownerReferences: [{ name: 'x' }],
      labels: { mine: 'yes', 'pipelinesascode.tekton.dev/repository': 'forged' },
      annotations: { note: 'kept', 'pipelinesascode.tekton.dev/sender': 'forged' },
    };
    const made = prepareRun({ ...run(), metadata } as unknown as KubeObject, delivery, from);
    expect(made.metadata).toEqual({
      name: expect.any(String),
      namespace: 'team',
      labels: {
        mine: 'yes',
        'pipelinesascode.tekton.dev/event-type': 'push',
        'pipelinesascode.tekton.dev/sha': delivery.revision,
        'pipelinesascode.tekton.dev/repository': 'app',
        'pipelinesascode.tekton.dev/original-prname': 'build',
      },
      annotations: {
        note: 'kept',
        'pipelinesascode.tekton.dev/repo-url': delivery.cloneUrl,
        'pipelinesascode.tekton.dev/branch': 'refs/heads/main',
        'pipelinesascode.tekton.dev/sender': 'dev',
      },
    });
  });
});
