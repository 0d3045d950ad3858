import type { PipelineTask } from '../model/pipeline.ts';
import { depsOf } from './deps.ts';

/** A pipeline's tasks by name, with the names of those before and after each. */
export interface Graph {
  readonly before: ReadonlyMap<string, readonly string[]>;
  readonly after: ReadonlyMap<string, readonly string[]>;
}

/** The graph of tasks, or in Tekton's words why there is none: a name twice, a cycle, an unknown name. */
export function buildGraph(
  tasks: readonly PipelineTask[],
  deps: (task: PipelineTask) => readonly string[] = depsOf,
): { graph: Graph } | { problem: string } {
  const before = new Map<string, readonly string[]>();
  for (const task of tasks) {
    if (before.has(task.name)) {
      return { problem: `task ${task.name} is already present in Graph, can't add it again: duplicate pipeline task` };
    }
    before.set(task.name, deps(task));
  }
  const cycle = findCycle(before);
  if (cycle !== undefined) return { problem: `cycle detected; ${cycle}` };
  const after = new Map<string, string[]>([...before.keys()].map((name) => [name, []]));
  for (const [name, parents] of before) {
    for (const parent of parents) {
      const next = after.get(parent);
      if (next === undefined) {
        return {
          problem: `couldn't add link between ${name} and ${parent}: task ${name} depends on ${parent} but ${parent} wasn't present in Pipeline`,
        };
      }
      next.push(name);
    }
  }
  return { graph: { before, after } };
}

/** Takes away tasks whose parents are gone until nothing moves; what stays hangs together. */
function findCycle(before: ReadonlyMap<string, readonly string[]>): string | undefined {
  const waiting = new Map([...before].filter(([, parents]) => parents.length > 0).map(([name, parents]) => [name, new Set(parents)]));
  const children = new Map<string, string[]>();
  for (const [name, parents] of waiting) {
    for (const parent of parents) children.set(parent, [...(children.get(parent) ?? []), name]);
  }
  const free = [...children.keys()].filter((name) => !waiting.has(name));
  for (let parent = free.pop(); parent !== undefined; parent = free.pop()) {
    for (const child of children.get(parent) ?? []) {
      const parents = waiting.get(child);
      if (parents === undefined) continue;
      parents.delete(parent);
      if (parents.size > 0) continue;
      waiting.delete(child);
      free.push(child);
    }
  }
  if (waiting.size === 0) return undefined;
  const first = [...waiting.keys()].sort()[0] as string;
  const names = [...(waiting.get(first) ?? [])].sort().map((name) => `"${name}"`);
  return `task "${first}" depends on ${names.join(', ')}`;
}

/** Tasks that are not done and whose parents all are. */
export function schedulable(graph: Graph, done: ReadonlySet<string>): Set<string> {
  const ready = [...graph.before].filter(([name, parents]) => !done.has(name) && parents.every((parent) => done.has(parent)));
  return new Set(ready.map(([name]) => name));
}
