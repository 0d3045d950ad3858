import { describe, expect, it } from 'vitest';
import { compileSelectors, type ResourceType } from '@colophon/store';
import { maps, run, runs } from '../support/objects.ts';

const labelled = (labelSelector: string, labels: Record<string, string>) =>
  compileSelectors(runs, { labelSelector })(run('one', { metadata: { labels } }));

describe('label selectors', () => {
  it.each([
    ['', {}, true],
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b', {}, false],
    ['a!=b', {}, true],
    ['a!=b', { a: 'b' }, false],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', {}, true],
    ['! a', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b, c)', { a: 'd' }, false],
    ['a in(b)', { a: 'b' }, true],
    ['a notin (b)', {}, true],
    ['a notin (b)', { a: 'b' }, false],
    ['a=', { a: '' }, true],
    ['tekton.dev/pipelineRun=x,a in (b,c),!z', { 'tekton.dev/pipelineRun': 'x', a: 'b' }, true],
    ['tekton.dev/pipelineRun=x,a in (b,c),!z', { 'tekton.dev/pipelineRun': 'x', a: 'b', z: '' }, false],
    ['constructor', {}, false],
    ['toString!=x', {}, true],
  ])('%j on %j: %j', (selector, labels, expected) => {
    expect(labelled(selector, labels as Record<string, string>)).toBe(expected);
  });

  it.each(['a b', 'a in', 'a in b', 'a=(', '=b', 'a,=,b', 'a in (b', '!!a', 'a>1'])('refuses %j', (selector) => {
    expect(() => labelled(selector, {})).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }) as Error);
  });

  it('takes time in proportion to the length of a hostile selector', () => {
    for (const text of ['('.repeat(200_000), `a${' '.repeat(200_000)}x b`, 'a=b,'.repeat(50_000), `a in (${','.repeat(200_000)})`]) {
      try {
        labelled(text, {});
      } catch (error) {
        expect(error).toMatchObject({ code: 'STORE_INVALID' });
      }
    }
  });
});

describe('field selectors', () => {
  const events: ResourceType = { ...maps, resource: 'events', kind: 'Event' };
  const event = { ...run('e'), involvedObject: { kind: 'TaskRun', name: 'one' }, type: 'Normal' };
  it.each([
    [runs, 'metadata.name=one', run('one'), true],
    [runs, 'metadata.name!=one', run('one'), false],
    [runs, 'metadata.name=one,metadata.namespace=default', run('one'), true],
    [events, 'involvedObject.name=one,involvedObject.kind=TaskRun,type=Normal', event, true],
    [events, 'involvedObject.name=two', event, false],
    [events, 'involvedObject.uid=', event, true],
  ])('%o %s', (type, fieldSelector, object, expected) => {
    expect(compileSelectors(type, { fieldSelector })(object)).toBe(expected);
  });

  it.each(['spec.a=b', 'metadata.labels.x=y', 'status.phase=x', 'nonsense', 'involvedObject.name=x', '__proto__=x'])(
    'refuses %j of runs',
    (fieldSelector) => {
      expect(() => compileSelectors(runs, { fieldSelector })).toThrow(expect.objectContaining({ code: 'STORE_INVALID' }) as Error);
    },
  );
});
