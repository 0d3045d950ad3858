import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const patience = 500;

/**
 * Waits until the processes of a server that was killed are gone; they end by themselves, but not at once. Until then they answer at the socket, would take
 * it away from their successor when they close it, and write to the same files. What does not end soon is killed: a server has to be up again, and each of them is made to be killed.
 */
export async function outwaitOrphans(socketPath: string): Promise<void> {
  for (let waited = 0; ; waited += 20) {
    const orphans = await processesAt(socketPath);
    if (orphans.length === 0) return;
    if (waited === patience) for (const pid of orphans) kill(pid);
    await sleep(20);
  }
}

/** Those that were started with this very socket (`--socket PATH`). None where there is no /proc. */
async function processesAt(socketPath: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter((pid) => pid > 0 && pid !== process.pid);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      return words[words.indexOf('--socket') + 1] === socketPath && words.includes('--socket') ? [pid] : [];
    }),
  );
  return found.flat();
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has just ended.
  }
}
