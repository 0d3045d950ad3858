import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tmpdir } from 'node:os';

const works = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
if (!works) console.log('strace is missing or may not trace here, so the order of fsync and acknowledgement is not checked');

/** What happened between the marks of a step: `fsync PATH`, `rename FROM TO`, `link FROM TO`, `mkdir PATH`, in the order of completion. */
type Trace = Map<string, string[]>;

/** Reads strace's output; calls of several threads are cut in two where another came between, and are put together again here. */
function read(output: string, directory: string): Trace {
  const trace: Trace = new Map();
  const unfinished = new Map<string, string>();
  let current: string[] | undefined;
  for (const line of output.split('\n')) {
    const [, pid = '', rest = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    let call = rest;
    const cut = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (cut !== null) {
      unfinished.set(pid, cut[1] as string);
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (resumed !== null) call = `${unfinished.get(pid) ?? ''}${resumed[1]}`;
    const mark = /^write\(1<[^>]*>, "(BEGIN|ACKNOWLEDGED) (\w+)\\n"/.exec(call);
    if (mark?.[1] === 'BEGIN') trace.set(mark[2] as string, (current = []));
    else if (mark !== null) current = undefined;
    const event = eventOf(call);
    if (event !== undefined) current?.push(event.replaceAll(`${directory}/`, '').replaceAll(directory, '.'));
  }
  return trace;
}

function eventOf(call: string): string | undefined {
  const sync = /^(?:fsync|fdatasync)\(\d+<([^>]*)>\)\s+= 0/.exec(call);
  if (sync !== null) return `fsync ${sync[1]}`;
  const two = /^(rename|link)(?:at2?)?\((?:AT_FDCWD[^,]*, )?"([^"]*)", (?:AT_FDCWD[^,]*, )?"([^"]*)".*\)\s+= 0/.exec(call);
  if (two !== null) return `${two[1]} ${two[2]} ${two[3]}`;
  const one = /^(mkdir|unlink)(?:at)?\((?:AT_FDCWD[^,]*, )?"([^"]*)".*\)\s+= 0/.exec(call);
  return one === null ? undefined : `${one[1]} ${one[2]}`;
}

describe.skipIf(!works)('before it is acknowledged', () => {
  let trace: Trace;
  beforeAll(() => {
    const directory = mkdtempSync(join(tmpdir(), 'colophon-strace-'));
    const output = `${directory}.trace`;
    const calls = 'trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat,write';
    execFileSync(
      'strace',
      [
        '-f',
        '-y',
        '-s',
        '64',
        '-e',
        calls,
        '-o',
        output,
        process.execPath,
        '--conditions=colophon-source',
        join(import.meta.dirname, 'steps.ts'),
        directory,
      ],
      { stdio: 'pipe' },
    );
    trace = read(readFileSync(output, 'utf8'), directory);
    rmSync(directory, { recursive: true });
    rmSync(output);
  });

  /** The events of a step, with temporary names called TEMPORARY, and without the removal of those. */
  const events = (step: string) =>
    (trace.get(step) ?? ['the step was not seen'])
      .map((event) => event.replaceAll(/\.[0-9a-f-]{36}\.tmp/g, 'TEMPORARY'))
      .filter((event) => !event.startsWith('unlink') || !event.endsWith('TEMPORARY'));

  it.each([
    ['writeFile', ['fsync TEMPORARY', 'rename TEMPORARY written', 'fsync .']],
    ['createFile', ['fsync TEMPORARY', 'link TEMPORARY created', 'fsync .']],
    ['createDirectory', ['mkdir outer', 'fsync .', 'mkdir outer/inner', 'fsync outer']],
    ['moveInto', ['fsync from/finished', 'rename from/finished moved', 'fsync .', 'fsync from']],
    ['removeFile', ['unlink moved', 'fsync .']],
    ['append', ['fsync log']],
    ['database', ['fsync a.sqlite-wal']],
    ['object', ['fsync objects.sqlite-wal']],
  ])('%s: %j', (step, expected) => {
    expect(events(step)).toEqual(expected);
  });

  it.each([
    ['blob', 'blobs/incoming/TEMPORARY'],
    ['blobFile', 'adopted'],
  ])('%s: the content is synced, then named, then the name is synced', (step, source) => {
    const seen = events(step);
    const named = seen.findIndex((event) => event.startsWith(`rename ${source} blobs/sha256/`));
    expect(seen.indexOf(`fsync ${source}`)).toBeGreaterThanOrEqual(0);
    expect(named).toBeGreaterThan(seen.indexOf(`fsync ${source}`));
    const folder = (seen[named] as string).split(' ')[2]?.replace(/\/[^/]+$/, '');
    expect(seen.lastIndexOf(`fsync ${folder}`)).toBeGreaterThan(named);
  });

  it('blobAgain: a blob that is there already is synced too, for whoever named it may not have come to it', () => {
    expect(events('blobAgain').some((event) => /^fsync blobs\/sha256\/[0-9a-f]{2}$/.test(event))).toBe(true);
  });

  it('the control: a careless write is seen to sync nothing', () => {
    expect(events('careless')).toEqual([]);
  });
});
