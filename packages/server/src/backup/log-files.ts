/* Names of the files of a log (C2SP tlog-tiles; docs/log.md): which of them the tree of a size needs. */

const width = 256;

/** N in groups of three digits, all but the last behind an `x`. */
function tileNumber(n: number): string {
  let path = String(n % 1000).padStart(3, '0');
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  return path;
}

function folders(level: number): string[] {
  return level === 0 ? ['tile/0', 'tile/entries', 'record'] : [`tile/${level}`];
}

/** Partial tiles, bundles and records of a tree of `size`: these go when the tree has grown. */
export function partialFiles(size: number): string[] {
  const names: string[] = [];
  for (let level = 0; width ** level <= size; level += 1) {
    const hashes = Math.floor(size / width ** level);
    const rest = hashes % width;
    if (rest > 0) names.push(...folders(level).map((folder) => `${folder}/${tileNumber(Math.floor(hashes / width))}.p/${rest}`));
  }
  return names;
}

/** Full ones: written once, never changed. */
export function* fullFiles(size: number): Generator<string> {
  for (let level = 0; width ** (level + 1) <= size; level += 1) {
    const tiles = Math.floor(size / width ** (level + 1));
    for (let n = 0; n < tiles; n += 1) for (const folder of folders(level)) yield `${folder}/${tileNumber(n)}`;
  }
}
