// kill -9 of each process while it pushes, runs, attests and appends. COLOPHON_CRASHES says how many times (12).
import { execFileSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attested, condition, ended, until } from '../support/runs.ts';
import { sendTo, startProcess, type ServerProcess } from '../support/server.ts';
import { pushStepImage, whyNoRuns } from '../support/step-image.ts';
import { openData, temporary } from '../support-data.ts';
import { beside, checkLedger, checkServed, emptyLedger, startWorkload } from './workload.ts';

const crashes = Number(process.env['COLOPHON_CRASHES'] ?? 12);
const reason = whyNoRuns();
if (reason !== undefined) console.log(`no process is killed: ${reason}`);

/** The child process of the front that runs this module. */
function child(server: ServerProcess, module: string): number | undefined {
  const lines = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(server.pid)], { encoding: 'utf8' }).split('\n');
  const found = lines.find((line) => line.includes(module));
  return found === undefined ? undefined : Number.parseInt(found, 10);
}
const modules = { runner: 'host/main', signer: 'signer/main' };

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(reason !== undefined)(`${crashes} times kill -9`, () => {
  let data: string;
  let remove: () => Promise<void>;
  let server: ServerProcess;
  let port: number;
  beforeAll(async () => {
    const made = await temporary();
    remove = made.remove;
    data = made.path;
    port = await freePort();
    server = await startProcess({ data, port });
  });
  afterAll(async () => {
    await server.kill('SIGKILL');
    await remove();
  });

  it(
    'loses nothing acknowledged, serves nothing half-written, ends every run and attests every build',
    { timeout: 120_000 + crashes * 30_000 },
    async () => {
      const image = await pushStepImage(server);
      const ledger = emptyLedger();
      const checked = new Set<string>();
      const ready: number[] = [];
      for (let crash = 0; crash < crashes; crash += 1) {
        const victim = (['front', 'runner', 'signer'] as const)[crash % 3] as 'front' | 'runner' | 'signer';
        const workload = startWorkload(server, image, ledger);
        const before = ledger.entries.size;
        // In the beginning, in the middle of things, and after a while.
        await until(async () => ledger.entries.size > before || undefined);
        await sleep(Math.random() * 900);
        const killed = victim === 'front' ? server.pid : await until(async () => child(server, modules[victim]));
        process.kill(killed, 'SIGKILL');
        const began = performance.now();
        if (victim === 'front') {
          await workload.stop();
          await server.kill('SIGKILL');
          server = await startProcess({ data, port });
          expect((await sendTo(server.host, { path: '/healthz' })).status).toBe(200);
          ready.push(performance.now() - began);
        } else {
          await until(async () => {
            const now = child(server, modules[victim]);
            return now !== undefined && now !== killed ? now : undefined;
          });
          // It takes part again: entries need the signer, runs the runner.
          const [entries, runs] = [ledger.entries.size, ledger.runs.size];
          await until(async () => (ledger.entries.size > entries && ledger.runs.size > runs) || undefined);
          await workload.stop();
        }
        await checkLedger(server, ledger, checked);
      }

      // Every run ends, with a reason; every build that is finished gets attested.
      const outcomes = new Map<string, number>();
      for (const name of ledger.runs) {
        const run = await ended(server, 'taskruns', name);
        const { reason: why = '', message = '' } = condition(run) ?? {};
        expect([name, why === '', message === '']).toEqual([name, false, false]);
        outcomes.set(why, (outcomes.get(why) ?? 0) + 1);
        const build = await attested(server, run);
        const kinds = (build.status.items as { kind: string }[]).map(({ kind }) => kind);
        expect(kinds.length > 0).toBe(build.spec.produced.length > 0);
        // Each once, however often it was begun.
        const statements = kinds.filter((kind) => kind === 'statement').length;
        for (const { repository, digest } of build.spec.produced)
          expect(await beside(server, repository, digest)).toEqual({ att: statements, sig: 1, bundles: statements });
      }
      expect(outcomes.get('Succeeded')).toBeGreaterThan(0);

      // All of it once more, and all that is served.
      await checkLedger(server, ledger, new Set());
      expect(await checkServed(server, 'crash/app')).toBeGreaterThanOrEqual(ledger.tags.size);

      // And the log is what its checkpoint says, down to the last hash.
      await server.kill('SIGTERM');
      const opened = await openData(data, '127.0.0.1');
      const report = await opened.log.fsck();
      await opened.close();
      expect(report.problems).toEqual([]);
      expect(report.size).toBeGreaterThanOrEqual(ledger.entries.size);
      // A generous bound: what a machine under load makes of it is printed, and no reason to fail.
      expect(Math.max(0, ...ready)).toBeLessThan(60_000);
      const times = ready.toSorted((left, right) => left - right).map((time) => Math.round(time));
      console.log(
        `${crashes} kills: ${ledger.tags.size} pushes, ${ledger.entries.size} entries, ${ledger.objects.size} objects, ${ledger.runs.size} runs acknowledged (${[...outcomes].map(([name, count]) => `${count} ${name}`).join(', ')}); ` +
          `up again after median ${times[Math.floor(times.length / 2)] ?? 0} ms, at most ${times.at(-1) ?? 0} ms; log of ${report.size} entries is clean`,
      );
    },
  );
});
