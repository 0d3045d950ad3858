import type { ErrorRecord } from '@colophon/core';
import { createTheme, wantsColor, type Theme } from './theme.ts';

/** Talk for a person, on standard error. Standard output belongs to results. */
export interface Output {
  /** For results on standard output. */
  readonly theme: Theme;
  readonly quiet: boolean;
  /** Begins a step of a long work; the step before it is finished. */
  step(title: string): Step;
  note(line: string): void;
  warn(line: string): void;
  error(error: ErrorRecord): void;
  /** Removes what is still moving on the terminal. */
  end(): void;
}

export interface Step {
  /** What is going on just now: shown beside the title on a terminal, and left out of plain output. */
  update(detail: string): void;
  done(detail?: string): void;
  failed(detail?: string): void;
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/** `auto` shows a moving line on a terminal and plain lines elsewhere. */
export function createOutput(options: { progress: string }): Output {
  const stream = process.stderr;
  const theme = createTheme(wantsColor(stream, process.env));
  const quiet = options.progress === 'quiet';
  const live = options.progress === 'tty' || (options.progress === 'auto' && stream.isTTY && process.env['TERM'] !== 'dumb');
  let timer: NodeJS.Timeout | undefined;
  let current: { title: string; detail: string; started: number } | undefined;
  let frame = 0;

  const clear = () => void (live && current !== undefined && stream.write('\r\u001b[2K'));
  const line = (text: string) => {
    clear();
    stream.write(`${text}\n`);
  };

  function draw(): void {
    if (current === undefined) return;
    frame = (frame + 1) % frames.length;
    const width = stream.columns ?? 80;
    const plain = `${frames[frame]} ${current.title} ${seconds(current.started)}${current.detail === '' ? '' : ` · ${current.detail}`}`;
    stream.write(`\r\u001b[2K${plain.length > width - 1 ? `${plain.slice(0, width - 2)}…` : plain}`);
  }

  function stop(): void {
    clear();
    if (timer !== undefined) clearInterval(timer);
    timer = undefined;
    current = undefined;
  }

  function finish(step: { title: string; started: number }, mark: string, detail: string | undefined): void {
    if (current === step) stop();
    if (!quiet) line(`${mark} ${step.title}${detail === undefined ? '' : ` ${theme.dim(detail)}`} ${theme.dim(seconds(step.started))}`);
  }

  return {
    theme: createTheme(wantsColor(process.stdout, process.env)),
    quiet,
    step(title) {
      stop();
      const own = { title, detail: '', started: performance.now() };
      current = own;
      if (live && !quiet) {
        timer = setInterval(draw, 80).unref();
        draw();
      } else if (!quiet) stream.write(`  ${title} …\n`);
      return {
        update: (detail) => void (own.detail = detail),
        done: (detail) => finish(own, theme.marks.passed, detail),
        failed: (detail) => finish(own, theme.marks.failed, detail),
      };
    },
    note: (text) => void (quiet || line(text)),
    warn: (text) => line(`${theme.warn('warning:')} ${text}`),
    error(error) {
      line(`${theme.bad('error:')} ${error.message} ${theme.dim(`[${error.code}]`)}`);
      if (error.hint !== undefined) line(`  ${error.hint}`);
    },
    end: stop,
  };
}

function seconds(started: number): string {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`;
}
