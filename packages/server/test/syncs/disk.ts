import { dirname } from 'node:path';
import { argumentPaths, descriptorPath, openedPath, type Call } from './trace.ts';

/**
 * What a machine that loses power may forget: content that was written and not synced, and names that were made and whose directory was not synced. Only
 * what lies below `root`, which was empty when the trace began.
 */
export class Disk {
  readonly #root: string;
  readonly #content = new Set<string>();
  readonly #names = new Set<string>();
  readonly #known = new Set<string>();
  /** Files and directories that were synced since the last `takeSynced`. */
  #synced = new Set<string>();

  constructor(root: string) {
    this.#root = root;
  }

  see(call: Call): void {
    const { name } = call;
    if (name === 'fsync' || name === 'fdatasync') this.#sync(descriptorPath(call));
    else if (/^(p?writev?(64|2)?|ftruncate|fallocate)$/.test(name)) this.#write(descriptorPath(call));
    else if (name === 'copy_file_range') this.#write(/, \d+<([^>]*)>/.exec(call.text)?.[1]);
    else if (name === 'openat' && call.text.includes('O_CREAT')) this.#make(openedPath(call));
    else if (name === 'mkdir' || name === 'mkdirat') this.#make(argumentPaths(call)[0]);
    else if (name.startsWith('rename')) this.#rename(argumentPaths(call));
    else if (name === 'link' || name === 'linkat') this.#link(argumentPaths(call));
    else if (name === 'unlink' || name === 'unlinkat') this.#unlink(argumentPaths(call)[0]);
  }

  /** What might be forgotten of the files that `concerns` picks: `content of PATH`, `name of PATH`. */
  forgettable(concerns: (path: string) => boolean): string[] {
    const pick = (paths: Set<string>, what: string) =>
      [...paths].filter((path) => concerns(this.#inside(path) as string)).map((path) => `${what} of ${this.#inside(path)}`);
    return [...pick(this.#content, 'content'), ...pick(this.#names, 'name')];
  }

  takeSynced(): ReadonlySet<string> {
    const synced = this.#synced;
    this.#synced = new Set();
    return synced;
  }

  #inside(path: string | undefined): string | undefined {
    if (path === this.#root) return '.';
    return path?.startsWith(`${this.#root}/`) === true ? path.slice(this.#root.length + 1) : undefined;
  }

  #write(path: string | undefined): void {
    if (path !== undefined && this.#inside(path) !== undefined) this.#content.add(path);
  }

  #make(path: string | undefined): void {
    if (path === undefined || this.#inside(path) === undefined || this.#known.has(path)) return;
    this.#known.add(path);
    this.#names.add(path);
  }

  #rename([from = '', to = '']: readonly string[]): void {
    this.#link([from, to]);
    this.#unlink(from);
  }

  #link([from = '', to = '']: readonly string[]): void {
    this.#make(to);
    if (this.#inside(to) === undefined) return;
    this.#names.add(to);
    if (this.#content.has(from)) this.#content.add(to);
  }

  #unlink(path: string | undefined): void {
    for (const set of [this.#content, this.#names, this.#known]) set.delete(path ?? '');
  }

  #sync(path: string | undefined): void {
    const inside = this.#inside(path);
    if (path === undefined || inside === undefined) return;
    this.#synced.add(inside);
    this.#content.delete(path);
    for (const name of this.#names) if (dirname(name) === path) this.#names.delete(name);
  }
}
