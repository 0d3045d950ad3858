/** Takes a set of places in the text to all places that a piece of the pattern leads to from there. */
type Step = (places: ReadonlySet<number>, text: string) => Set<number>;

const longest = 500;

/**
 * Globs as Pipelines-as-Code has them (gobwas/glob without separators): `*` and `**` any text, `?` any character, `[a-z]` `[!a-z]` one of a set, `{a,b}`
 * alternatives, `\` the next character as it is. Takes time in proportion to pattern and text, whatever both are: a repository's author writes the one
 * and whoever pushes the other. A pattern that is none matches nothing.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  if (pattern.length > longest) return false;
  const reader = { pattern, at: 0 };
  const step = alternatives(reader, false);
  return step !== undefined && step(new Set([0]), text).has(text.length);
}

interface Reader {
  readonly pattern: string;
  at: number;
}

function alternatives(reader: Reader, inside: boolean): Step | undefined {
  const branches: Step[][] = [[]];
  for (; reader.at < reader.pattern.length; reader.at += 1) {
    const character = reader.pattern[reader.at] as string;
    if (inside && character === '}') return either(branches.map(sequence));
    if (inside && character === ',') branches.push([]);
    else {
      const step = piece(reader, character);
      if (step === undefined) return undefined;
      branches.at(-1)?.push(step);
    }
  }
  return inside ? undefined : either(branches.map(sequence));
}

function piece(reader: Reader, character: string): Step | undefined {
  if (character === '*') return anything;
  if (character === '?') return one(() => true);
  if (character === '[') return oneOf(reader);
  if (character === '{') {
    reader.at += 1;
    return alternatives(reader, true);
  }
  if (character === '\\') reader.at += 1;
  const plain = reader.pattern[reader.at];
  return plain === undefined ? undefined : one((found) => found === plain);
}

function oneOf(reader: Reader): Step | undefined {
  const end = reader.pattern.indexOf(']', reader.at + 2);
  if (end === -1) return undefined;
  const negated = reader.pattern[reader.at + 1] === '!';
  const set = reader.pattern.slice(reader.at + (negated ? 2 : 1), end);
  reader.at = end;
  const [, low, high] = /^(.)-(.)$/.exec(set) ?? [];
  const holds = (found: string) => (low === undefined || high === undefined ? set.includes(found) : low <= found && found <= high);
  return one((found) => holds(found) !== negated);
}

const one =
  (accepts: (character: string) => boolean): Step =>
  (places, text) =>
    new Set([...places].filter((at) => at < text.length && accepts(text[at] as string)).map((at) => at + 1));

const anything: Step = (places, text) => {
  const first = Math.min(...places);
  return new Set(places.size === 0 ? [] : Array.from({ length: text.length - first + 1 }, (_, count) => first + count));
};

const sequence =
  (steps: readonly Step[]): Step =>
  (places, text) =>
    steps.reduce<Set<number>>((reached, step) => step(reached, text), new Set(places));

const either =
  (branches: readonly Step[]): Step =>
  (places, text) =>
    new Set(branches.flatMap((branch) => [...branch(places, text)]));
