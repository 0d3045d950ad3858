import { describe, expect, it } from 'vitest';
import { buildGraph, schedulable } from '../../src/graph/graph.ts';

const tasks = (text: string) =>
  text.split(' ').map((entry) => {
    const [name = '', parents] = entry.split('<');
    return { name, ...(parents === undefined ? {} : { runAfter: parents.split(',') }) };
  });
const built = (text: string) => {
  const graph = buildGraph(tasks(text));
  if ('problem' in graph) throw new Error(graph.problem);
  return graph.graph;
};

describe('the graph of tasks', () => {
  it('orders by runAfter and by results', () => {
    const graph = buildGraph([
      { name: 'a' },
      { name: 'b', params: [{ name: 'p', value: '$(tasks.a.results.r)' }] },
      { name: 'c', when: [{ input: '$(tasks.b.results.r)', operator: 'in', values: ['x'] }] },
    ]);
    expect('graph' in graph ? [...graph.graph.before] : graph).toEqual([
      ['a', []],
      ['b', ['a']],
      ['c', ['b']],
    ]);
  });

  it('says what can start', () => {
    const graph = built('a b c<a,b d<c e<a');
    expect([...schedulable(graph, new Set())]).toEqual(['a', 'b']);
    expect([...schedulable(graph, new Set(['a']))]).toEqual(['b', 'e']);
    expect([...schedulable(graph, new Set(['a', 'b', 'e']))]).toEqual(['c']);
  });

  it.each([
    ['a<c b<a c<b', 'cycle detected; task "a" depends on "c"'],
    ['a<a', 'cycle detected; task "a" depends on "a"'],
    ['x a<b,x b<a', 'cycle detected; task "a" depends on "b"'],
    ['a b<z', "couldn't add link between b and z: task b depends on z but z wasn't present in Pipeline"],
    ['a a', "task a is already present in Graph, can't add it again: duplicate pipeline task"],
  ])('%s: %s', (text, problem) => {
    expect(buildGraph(tasks(text))).toEqual({ problem });
  });

  it('takes a long chain', () => {
    const chain = Array.from({ length: 20_000 }, (_, index) => (index === 0 ? 't0' : `t${index}<t${index - 1}`)).join(' ');
    expect(built(chain).before.size).toBe(20_000);
  });
});
