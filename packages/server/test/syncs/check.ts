// scripts/check-syncs: runs a server under strace, writes to its registry, its log and its store, and shows that whatever an answer promises was on disk
// before the answer left. `--control`: syncs are struck from the trace, and every answer must then be found out.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sendTo } from '../support/server.ts';
import { judge, type Verdict } from './judge.ts';
import { steps } from './requests.ts';

const calls =
  'openat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,unlink,unlinkat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,fallocate,copy_file_range,fsync,fdatasync,sendto,sendmsg';

const place = await mkdtemp(join(tmpdir(), 'colophon-syncs-'));
const [data, output] = [join(place, 'data'), join(place, 'trace')];
try {
  const server = spawn(
    'strace',
    ['-f', '-y', '-s', '48', '-e', `trace=${calls}`, '-o', output].concat(
      process.execPath,
      '--conditions=colophon-source',
      '--disable-warning=ExperimentalWarning',
      join(import.meta.dirname, '../support/run-server.ts'),
      JSON.stringify({ data, port: 0, logLevel: 'error' }),
    ),
    { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, UV_USE_IO_URING: '0' }, detached: true },
  );
  const ended = once(server, 'exit');
  const failed = ended.then(() => {
    throw new Error('the server, or strace, did not start');
  });
  const [line] = (await Promise.race([once(createInterface(server.stdout), 'line'), failed])) as [string];
  failed.catch(() => {});
  const { host, token } = JSON.parse(line) as { host: string; token: string };
  const requests = steps();
  let location = '';
  for (const { name, send } of requests) {
    const answer = await sendTo(host, { ...send(location), token });
    if (answer.status >= 300) throw new Error(`${name}: ${answer.status} ${answer.body.toString()}`);
    location = String(answer.headers['location'] ?? '');
  }
  process.kill(-(server.pid as number), 'SIGTERM');
  await ended;

  const trace = await readFile(output, 'utf8');
  const control = process.argv.includes('--control');
  const struck = trace
    .split('\n')
    .filter((one) => !/^\d+\s+(f(data)?sync\(|<\.\.\. f(data)?sync)/.test(one))
    .join('\n');
  const verdicts = judge(control ? struck : trace, data, requests);
  for (const { name, problems, synced } of verdicts) {
    const shown =
      problems.length === 0
        ? summary(synced)
        : `${problems.slice(0, 2).join('; ')}${problems.length > 2 ? `; and ${problems.length - 2} more` : ''}`;
    process.stdout.write(`${problems.length === 0 ? 'ok ' : 'NOT'} ${name}: ${shown}\n`);
  }
  const promising = (verdict: Verdict) => requests.find(({ name }) => name === verdict.name)?.syncs.length !== 0;
  const good = control
    ? verdicts.filter(promising).every(({ problems }) => problems.length > 0)
    : verdicts.every(({ problems }) => problems.length === 0);
  process.exitCode = good ? 0 : 1;
} finally {
  await rm(place, { recursive: true, force: true });
}

function summary(synced: readonly string[]): string {
  const named = synced.filter((path) => !path.endsWith('.tmp'));
  return named.length > 8
    ? `${named.slice(-8).join(', ')} and ${synced.length - 8} more since the start`
    : named.join(', ') || 'promises nothing';
}
