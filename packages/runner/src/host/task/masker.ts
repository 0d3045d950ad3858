/** Takes secrets out of a stream of bytes. */
export interface Masker {
  /** What can be shown now. The end of it that may be the beginning of a secret is kept back until more is known. */
  push(chunk: Buffer): Buffer;
  end(): Buffer;
}

/** Shorter values would mask ordinary text, and hide nothing. */
const shortest = 4;
const replacement = Buffer.alloc(3, '*');
const nothing = Buffer.alloc(0);

/** The forms in which a value is looked for: as it is, without white space around it, and each of its lines. */
function formsOf(values: readonly string[]): Buffer[] {
  const forms = values.flatMap((value) => [value, value.trim(), ...value.split(/\r?\n/).map((line) => line.trim())]);
  return [...new Set(forms)]
    .map((form) => Buffer.from(form))
    .filter((form) => form.length >= shortest)
    .toSorted((left, right) => right.length - left.length);
}

export function createMasker(values: readonly string[]): Masker {
  const secrets = formsOf(values);
  let held: Buffer = nothing;
  if (secrets.length === 0) return { push: (chunk) => chunk, end: () => nothing };
  return {
    push(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const { shown, rest } = mask(bytes, secrets, false);
      held = rest;
      return shown;
    },
    end() {
      const { shown } = mask(held, secrets, true);
      held = nothing;
      return shown;
    },
  };
}

/** Each secret where it begins first; of several that begin there, the longest. Unless it is the end, what may yet become a secret is the rest. */
function mask(bytes: Buffer, secrets: readonly Buffer[], isEnd: boolean): { shown: Buffer; rest: Buffer } {
  const border = (from: number) => (isEnd ? bytes.length : bytes.length - heldBack(bytes.subarray(from), secrets));
  const next = secrets.map((secret) => bytes.indexOf(secret));
  const parts: Buffer[] = [];
  let from = 0;
  let until = border(0);
  for (;;) {
    let best = -1;
    for (const [index, secret] of secrets.entries()) {
      let at = next[index] as number;
      if (at >= 0 && at < from) at = next[index] = bytes.indexOf(secret, from);
      if (at >= 0 && at < until && (best < 0 || at < (next[best] as number))) best = index;
    }
    if (best < 0) break;
    const at = next[best] as number;
    parts.push(bytes.subarray(from, at), replacement);
    from = at + (secrets[best] as Buffer).length;
    if (from > until) until = border(from);
  }
  return { shown: Buffer.concat([...parts, bytes.subarray(from, until)]), rest: bytes.subarray(until) };
}

/** How many bytes at the end are, or may become, part of a secret that is not complete. */
function heldBack(bytes: Buffer, secrets: readonly Buffer[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, bytes.length); length > longest; length -= 1) {
      if (bytes.subarray(bytes.length - length).equals(secret.subarray(0, length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}
