// compareVersions against `dpkg --compare-versions`: 20,000 pairs, half as the suites have them, half mutated neighbours.
import { spawn } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { compareVersions } from '../../src/version/compare.ts';
import { apt, missing, prepareApt } from './apt.ts';

const pairs = 20_000;
const seed = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

/** mulberry32: small, and the same everywhere, so that a printed seed gives the same pairs. */
function randomFrom(start: number): (below: number) => number {
  let state = start;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

const alphabet = '0123456789abzAZ.+~:-';

function mutate(version: string, random: (below: number) => number): string {
  const at = random(version.length + 1);
  const character = alphabet[random(alphabet.length)] as string;
  const kinds = [
    () => version.slice(0, at) + character + version.slice(at),
    () => version.slice(0, at) + version.slice(at + 1),
    () => version.slice(0, at) + character + version.slice(at + 1),
    () => `${version}~`,
    () => version.replace(/[0-9]+/, (digits) => `0${digits}`),
    () => version.replace(/-[^-]*$/, ''),
    () => `${version}-${character}`,
    () => (version.includes(':') ? version.replace(/^[0-9]+:/, '') : `${random(3)}:${version}`),
  ];
  return (kinds[random(kinds.length)] as () => string)();
}

function isValid(version: string): boolean {
  try {
    return compareVersions(version, version) === 0;
  } catch {
    return false;
  }
}

/** One shell asks dpkg about every line `LEFT OPERATOR RIGHT` and prints those that it denies. */
async function deniedByDpkg(lines: readonly string[]): Promise<string> {
  const script =
    'while read -r left operator right; do dpkg --compare-versions "$left" "$operator" "$right" || echo "$left $operator $right"; done';
  const halves = [lines.slice(0, lines.length / 2), lines.slice(lines.length / 2)];
  const outputs = await Promise.all(
    halves.map(async (half) => {
      const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
      child.stdin.end(`${half.join('\n')}\n`);
      let output = '';
      for await (const chunk of child.stdout) output += chunk;
      return output;
    }),
  );
  return outputs.join('');
}

describe.skipIf(missing !== undefined)('dpkg --compare-versions', () => {
  let versions: string[];
  beforeAll(async () => {
    await prepareApt();
    const text = await apt('apt-cache', ['dumpavail']);
    versions = [...new Set([...text.matchAll(/^Version: (\S+)$/gm)].map(([, version]) => version as string))].sort();
  });

  it(`agrees on ${pairs} pairs (SEED=${seed})`, async () => {
    console.log(`seed ${seed}: SEED=${seed} repeats these pairs`);
    const random = randomFrom(seed);
    const pick = () => versions[random(versions.length)] as string;
    const lines: string[] = [];
    const operators = { '-1': 'lt', '0': 'eq', '1': 'gt' } as const;
    const ask = (left: string, right: string) => lines.push(`${left} ${operators[compareVersions(left, right)]} ${right}`);
    // Half of the real pairs are neighbours in text order: those differ late.
    for (let count = 0; count < pairs / 4; count++) ask(pick(), pick());
    for (let count = 0; count < pairs / 4; count++) {
      const at = random(versions.length - 1);
      ask(versions[at] as string, versions[at + 1] as string);
    }
    while (lines.length < pairs) {
      const version = pick();
      const mutant = mutate(version, random);
      if (mutant !== version && isValid(mutant)) ask(version, mutant);
    }
    expect(versions.length).toBeGreaterThan(10_000);
    expect(new Set(lines.map((line) => line.split(' ')[1])).size).toBe(3);
    expect(await deniedByDpkg(lines)).toBe('');
  });

  it('finds a wrong answer when there is one', async () => {
    expect(await deniedByDpkg(['1.0 lt 1.0-0', '1.0~ lt 1.0'])).toBe('1.0 lt 1.0-0\n');
  });

  it('agrees on what is no version', async () => {
    for (const version of ['', '1_2', 'a', ':1', '-1', '1-', '1:', '1.0-1_2']) {
      expect(isValid(version), version).toBe(false);
      const child = spawn('dpkg', ['--validate-version', version], { stdio: 'ignore' });
      const status = await new Promise((resolve) => child.once('exit', resolve));
      expect(status, version).not.toBe(0);
    }
  });
});
