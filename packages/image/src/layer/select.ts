/** Which paths of a package go into its layer. A pattern is a path; `*` stands for a part of a name, `**` for any number of whole names. */
export interface Selection {
  /** Only what matches one of these, and the directories above it. Absent: everything. */
  readonly include?: readonly string[];
  /** Nothing that matches one of these; directories stay where something below them stays. */
  readonly exclude?: readonly string[];
}

/** What `exclude: [docs]` stands for. Licence texts stay, whatever is excluded: see `keeps`. */
export const documentation: readonly string[] = [
  'usr/share/doc/**',
  'usr/share/doc-base/**',
  'usr/share/info/**',
  'usr/share/lintian/**',
  'usr/share/linda/**',
  'usr/share/man/**',
];

const copyright = /^usr\/share\/doc\/[^/]+\/copyright$/;

/** Makes the test that says whether the path of a file or link stays. Linear in the path: no pattern can make it slow. */
export function selector(selection: Selection): (path: string) => boolean {
  const include = selection.include?.map(parsePattern);
  const exclude = (selection.exclude ?? []).map(parsePattern);
  return (path) => {
    const parts = path.split('/');
    if (include !== undefined && !include.some((pattern) => matches(pattern, parts))) return false;
    return copyright.test(path) || !exclude.some((pattern) => matches(pattern, parts));
  };
}

/** A directory that is selected by itself (not only for what it holds) is one that no pattern excludes. */
export function isWhole(selection: Selection): boolean {
  return selection.include === undefined && (selection.exclude ?? []).length === 0;
}

type Pattern = readonly (string | RegExp)[];

function parsePattern(text: string): Pattern {
  return text
    .split('/')
    .filter((part) => part !== '')
    .map((part) => {
      if (part === '**' || !part.includes('*')) return part;
      // Greedy classes parted by literals, none nested.
      return new RegExp(`^${part.split('*').map(escape).join('[^/]*')}$`, 's');
    });
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function matches(pattern: Pattern, parts: readonly string[]): boolean {
  // Positions of the pattern that may stand before the current part: the automaton of the pattern.
  let states = closure(pattern, new Set([0]));
  for (const part of parts) {
    const next = new Set<number>();
    for (const state of states) {
      const token = pattern[state];
      if (token === undefined) continue;
      if (token === '**') next.add(state);
      else if (typeof token === 'string' ? token === part : token.test(part)) next.add(state + 1);
    }
    if (next.size === 0) return false;
    states = closure(pattern, next);
  }
  return states.has(pattern.length);
}

function closure(pattern: Pattern, states: Set<number>): Set<number> {
  for (const state of states) if (pattern[state] === '**') states.add(state + 1);
  return states;
}
