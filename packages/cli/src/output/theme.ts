import type { WriteStream } from 'node:tty';

export interface Theme {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  warn(text: string): string;
  /** Never colour alone: the marks differ as characters too. */
  readonly marks: { readonly passed: string; readonly failed: string; readonly skipped: string };
}

/** NO_COLOR (no-color.org), FORCE_COLOR and CLICOLOR_FORCE, TERM=dumb, then whether the stream is a terminal. */
export function wantsColor(stream: Pick<WriteStream, 'isTTY'>, environment: NodeJS.ProcessEnv): boolean {
  if ((environment['NO_COLOR'] ?? '') !== '') return false;
  const forced = environment['FORCE_COLOR'] ?? environment['CLICOLOR_FORCE'] ?? '';
  if (forced !== '') return forced !== '0';
  return environment['TERM'] !== 'dumb' && stream.isTTY;
}

export function createTheme(color: boolean): Theme {
  const paint = (open: number, close: number) => (text: string) => (color ? `\u001b[${open}m${text}\u001b[${close}m` : text);
  const good = paint(32, 39);
  const bad = paint(31, 39);
  const dim = paint(2, 22);
  return { bold: paint(1, 22), dim, good, bad, warn: paint(33, 39), marks: { passed: good('✓'), failed: bad('✗'), skipped: dim('–') } };
}
