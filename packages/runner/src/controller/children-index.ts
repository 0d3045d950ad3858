import type { TaskRun } from '@colophon/pipeline';

/** TaskRuns by the UID of the PipelineRun that owns them, kept up from the watch and from our own writes. */
export class ChildIndex {
  readonly #byOwner = new Map<string, Map<string, TaskRun>>();

  /** Takes the newer of what is known and what is given: a watch may lag behind our own writes. */
  put(run: TaskRun): void {
    const owner = ownerOf(run);
    if (owner === undefined) return;
    const children = this.#byOwner.get(owner) ?? new Map<string, TaskRun>();
    this.#byOwner.set(owner, children);
    const known = children.get(run.metadata.name);
    const newer = known === undefined || known.metadata.uid !== run.metadata.uid || versionOf(run) >= versionOf(known);
    if (newer) children.set(run.metadata.name, run);
  }

  remove(run: TaskRun): void {
    const owner = ownerOf(run);
    if (owner === undefined) return;
    const children = this.#byOwner.get(owner);
    if (children?.get(run.metadata.name)?.metadata.uid === run.metadata.uid) children?.delete(run.metadata.name);
    if (children?.size === 0) this.#byOwner.delete(owner);
  }

  of(owner: string): TaskRun[] {
    return [...(this.#byOwner.get(owner)?.values() ?? [])];
  }

  /** A finished PipelineRun's children are not asked for any more. */
  forget(owner: string): void {
    this.#byOwner.delete(owner);
  }
}

export function ownerOf(run: TaskRun): string | undefined {
  return run.metadata.ownerReferences?.find(({ kind, controller }) => kind === 'PipelineRun' && controller === true)?.uid;
}

function versionOf({ metadata }: TaskRun): number {
  return Number(metadata.resourceVersion ?? 0);
}
