import { quote } from './quote.ts';

const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  '\u00b5s': 1_000n,
  '\u03bcs': 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const limit = (1n << 63n) - 1n;

/** The reason why a text is no duration, in Go's words (`time.ParseDuration`), or its length in nanoseconds. */
export function readDuration(text: string): { nanoseconds: bigint } | { problem: string } {
  const invalid = { problem: `time: invalid duration ${quote(text)}` };
  let rest = text;
  const negative = rest.startsWith('-');
  if (negative || rest.startsWith('+')) rest = rest.slice(1);
  if (rest === '0') return { nanoseconds: 0n };
  if (rest === '') return invalid;
  let total = 0n;
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest) as RegExpExecArray;
    const [whole = '', fraction = ''] = [number[1], number[2]];
    if (whole === '' && fraction === '') return invalid;
    rest = rest.slice(number[0].length);
    const unit = (/^[^.0-9]*/.exec(rest) as RegExpExecArray)[0];
    if (unit === '') return { problem: `time: missing unit in duration ${quote(text)}` };
    const scale = units[unit];
    if (scale === undefined) return { problem: `time: unknown unit ${quote(unit)} in duration ${quote(text)}` };
    rest = rest.slice(unit.length);
    total += BigInt(whole === '' ? '0' : whole) * scale;
    if (fraction !== '') total += (BigInt(fraction.slice(0, 18)) * scale) / 10n ** BigInt(Math.min(fraction.length, 18));
    if (total > limit) return invalid;
  }
  return { nanoseconds: negative ? -total : total };
}

/** Milliseconds of a duration that was admitted; fractions of a millisecond are dropped. */
export function milliseconds(text: string): number {
  const read = readDuration(text);
  return 'problem' in read ? 0 : Number(read.nanoseconds / 1_000_000n);
}

/** As Go's `Duration.String`: `1h0m0s`, `1.5s`, `300ms`. */
export function formatDuration(nanoseconds: bigint): string {
  if (nanoseconds === 0n) return '0s';
  const sign = nanoseconds < 0n ? '-' : '';
  const length = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  if (length < 1_000n) return `${sign}${length}ns`;
  if (length < 1_000_000n) return `${sign}${decimal(length, 1_000n)}\u00b5s`;
  if (length < 1_000_000_000n) return `${sign}${decimal(length, 1_000_000n)}ms`;
  const hours = length / units['h']!;
  const minutes = (length / units['m']!) % 60n;
  const seconds = decimal(length % units['m']!, 1_000_000_000n);
  if (hours > 0n) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0n ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  if (rest === 0n) return String(value / unit);
  const digits = String(rest)
    .padStart(String(unit).length - 1, '0')
    .replace(/0+$/, '');
  return `${value / unit}.${digits}`;
}
