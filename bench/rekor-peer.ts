// A real Rekor v1 with Trillian and MariaDB beside us, on loopback ports of its own.
import { spawn, execFileSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ports = { mariadb: 33106, logServer: 38090, logServerHttp: 38091, signer: 38092, signerHttp: 38093, rekor: 33000 };

/**
 * `bin` holds rekor-server, trillian_log_server, trillian_log_signer and storage.sql (storage/mysql/schema of the Trillian module), and mariadbd,
 * mariadb and mariadb-install-db where they are not on the PATH.
 */
export async function startRekor(bin: string, directory: string): Promise<{ url: string; close(): Promise<void> }> {
  const data = join(directory, 'mariadb');
  await mkdir(data, { recursive: true });
  const tool = (name: string) => (existsSync(join(bin, name)) ? join(bin, name) : name);
  const running: ChildProcess[] = [];
  const start = (command: string, ...args: string[]) => running.push(spawn(command, args, { stdio: 'ignore' }));
  const close = async () => {
    for (const child of running.toReversed()) child.kill('SIGKILL');
    await sleep(200);
  };
  try {
    execFileSync(
      tool('mariadb-install-db'),
      ['--no-defaults', '--user=root', `--datadir=${data}`, '--auth-root-authentication-method=normal'],
      {
        stdio: 'ignore',
      },
    );
    start(
      tool('mariadbd'),
      '--no-defaults',
      '--user=root',
      `--datadir=${data}`,
      `--port=${ports.mariadb}`,
      '--bind-address=127.0.0.1',
      `--socket=${join(directory, 's')}`,
      '--max-connections=1000',
    );
    await retry(() =>
      sql(
        tool('mariadb'),
        directory,
        "CREATE DATABASE IF NOT EXISTS test; CREATE USER 'bench'@'localhost' IDENTIFIED BY 'bench'; GRANT ALL ON test.* TO 'bench'@'localhost'",
      ),
    );
    execFileSync('sh', [
      '-c',
      `"$3" --no-defaults --socket="$1" test < "$2"`,
      'sh',
      join(directory, 's'),
      join(bin, 'storage.sql'),
      tool('mariadb'),
    ]);
    const database = `bench:bench@tcp(127.0.0.1:${ports.mariadb})/test`;
    const trillian = ['--quota_system=noop', '--storage_system=mysql', `--mysql_uri=${database}`];
    start(
      join(bin, 'trillian_log_server'),
      ...trillian,
      `--rpc_endpoint=127.0.0.1:${ports.logServer}`,
      `--http_endpoint=127.0.0.1:${ports.logServerHttp}`,
    );
    start(
      join(bin, 'trillian_log_signer'),
      ...trillian,
      `--rpc_endpoint=127.0.0.1:${ports.signer}`,
      `--http_endpoint=127.0.0.1:${ports.signerHttp}`,
      '--force_master',
    );
    await retry(() => healthy(`http://127.0.0.1:${ports.logServerHttp}/healthz`));
    start(
      join(bin, 'rekor-server'),
      'serve',
      '--trillian_log_server.address=127.0.0.1',
      `--trillian_log_server.port=${ports.logServer}`,
      '--rekor_server.hostname=rekor.local',
      '--rekor_server.address=127.0.0.1',
      '--rekor_server.signer=memory',
      `--port=${ports.rekor}`,
      '--search_index.storage_provider=mysql',
      `--search_index.mysql.dsn=${database}?parseTime=true&interpolateParams=true`,
      '--log_type=prod',
    );
    const url = `http://127.0.0.1:${ports.rekor}`;
    await retry(() => healthy(`${url}/api/v1/log`));
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function sql(client: string, directory: string, text: string): void {
  execFileSync(client, ['--no-defaults', `--socket=${join(directory, 's')}`, '-e', text], { stdio: 'ignore' });
}

async function healthy(url: string): Promise<void> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
}

async function retry(attempt: () => void | Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (tries > 300) throw error;
      await sleep(100);
    }
  }
}
