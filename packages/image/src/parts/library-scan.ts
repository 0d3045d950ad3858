import type { Tree } from '../build/tree.ts';
import { followLinks } from '../layer/links.ts';
import type { LibraryFacts } from '../layer/elf.ts';
import { parentOf, symlink, type Entry } from '../tar/entry.ts';

export interface Library {
  readonly soname: string;
  readonly path: string;
  readonly flags: number;
}

const multiarch: Readonly<Record<string, string>> = {
  amd64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
  armhf: 'arm-linux-gnueabihf',
  i386: 'i386-linux-gnu',
  ppc64el: 'powerpc64le-linux-gnu',
  riscv64: 'riscv64-linux-gnu',
  s390x: 's390x-linux-gnu',
};

/** Where ldconfig of Debian looks: what ld.so.conf and its `include`s say (only files in the tree), then its own directories. */
function searchDirectories(tree: Tree, architecture: string): string[] {
  const fromConfig = (path: string, depth: number): string[] =>
    (tree.get(path)?.text ?? '').split('\n').flatMap((raw) => {
      const line = raw.replace(/#.*/, '').trim();
      const pattern = /^include\s+(\S+)$/.exec(line)?.[1];
      if (pattern === undefined) return line.startsWith('/') ? [line.replace(/\/+$/, '')] : [];
      return depth === 0 ? included(tree, pattern).flatMap((file) => fromConfig(file, depth + 1)) : [];
    });
  const triplet = multiarch[architecture] ?? '';
  return [...fromConfig('etc/ld.so.conf', 0), `/lib/${triplet}`, `/usr/lib/${triplet}`, '/lib', '/usr/lib'];
}

/** Only the form that Debian has: one directory, one `*`. */
function included(tree: Tree, pattern: string): string[] {
  const match = /^\/?(?:etc\/)?(ld\.so\.conf\.d\/)\*(\.conf)$/.exec(pattern);
  if (match === null) return [];
  const found = [...tree.nodes()].filter(
    ({ path, text }) => text !== undefined && path.startsWith('etc/ld.so.conf.d/') && path.endsWith('.conf'),
  );
  return found.map(({ path }) => path).sort();
}

interface Found {
  readonly name: string;
  readonly isLink: boolean;
  readonly flags: number;
}

/**
 * What `ldconfig` would find in the tree: one library for each soname of a directory, and the links from sonames to
 * files that are missing (ldconfig.c, search_dir). Subdirectories `glibc-hwcaps` are not looked into: the plain
 * variant of a library is then the one that is used.
 */
export function scanLibraries(tree: Tree, architecture: string): { libraries: Library[]; links: Entry[] } {
  const children = new Map<string, string[]>();
  for (const { path } of tree.nodes()) {
    const parent = parentOf(path);
    const name = path.slice(parent === '.' ? 0 : parent.length + 1);
    if (!/^(?:lib|ld-).*\.so/.test(name)) continue;
    const names = children.get(parent);
    if (names === undefined) children.set(parent, [name]);
    else names.push(name);
  }
  const seen = new Set<string>();
  const libraries: Library[] = [];
  const links: Entry[] = [];
  for (const shown of searchDirectories(tree, architecture)) {
    const real = followLinks(shown.slice(1), tree.links, true);
    if (seen.has(real)) continue;
    seen.add(real);
    for (const [soname, { name, isLink, flags }] of scanDirectory(tree, real, (children.get(real) ?? []).sort())) {
      if (!isLink && name !== soname && tree.get(`${real}/${soname}`) === undefined) links.push(symlink(`${real}/${soname}`, name, 0));
      libraries.push({ soname, path: `${shown}/${soname}`, flags });
    }
  }
  return { libraries, links };
}

function scanDirectory(tree: Tree, directory: string, names: readonly string[]): Map<string, Found> {
  const found = new Map<string, Found>();
  for (const name of names) {
    const path = `${directory}/${name}`;
    const linked = tree.get(path)?.type === 'symlink';
    const real = linked ? followLinks(path, tree.links, true) : path;
    const facts = libraryAt(tree, real);
    if (facts === undefined) continue;
    const realName = real.slice(parentOf(real).length + 1);
    let soname = facts.soname ?? name;
    // A link counts as one only where it is named for the soname, or is the `.so` that the link editor wants.
    const isLink = linked && (realName === soname || (realName.endsWith('.so') && soname.startsWith(realName)));
    if (isLink) soname = name;
    const before = found.get(soname);
    const better =
      before === undefined || (!isLink && before.isLink) || (isLink === before.isLink && compareLibraryNames(before.name, name) < 0);
    if (better) found.set(soname, { name, isLink, flags: facts.flags });
  }
  return found;
}

function libraryAt(tree: Tree, path: string): LibraryFacts | undefined {
  const node = tree.get(path);
  return node?.type === 'hardlink' ? tree.get(node.linkTarget as string)?.library : node?.library;
}

/** glibc's _dl_cache_libcmp (dl-cache.c): like strcmp, but runs of digits compare as numbers, and after anything else. */
export function compareLibraryNames(left: string, right: string): number {
  const isDigit = (code: number) => code >= 48 && code <= 57;
  const at = (text: string, index: number) => (index < text.length ? text.charCodeAt(index) : 0);
  let one = 0;
  let two = 0;
  while (one < left.length) {
    if (isDigit(at(left, one))) {
      if (!isDigit(at(right, two))) return 1;
      let first = 0;
      let second = 0;
      while (isDigit(at(left, one))) first = (first * 10 + at(left, one++) - 48) | 0;
      while (isDigit(at(right, two))) second = (second * 10 + at(right, two++) - 48) | 0;
      if (first !== second) return first - second;
    } else if (isDigit(at(right, two))) return -1;
    else if (at(left, one) !== at(right, two)) return at(left, one) - at(right, two);
    else {
      one++;
      two++;
    }
  }
  return at(left, one) - at(right, two);
}
