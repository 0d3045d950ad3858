import { readlinkSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { findTool, helperEnvironment } from './machine/tools.ts';
import { startRunnerHost } from './start.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, socket: { type: 'string' }, 'mounts-of': { type: 'string' } } });
const ownMounts = () => readlinkSync('/proc/self/ns/mnt');

// As root: first into a mount namespace of our own, in this same process, so that what we mount is nobody else's and ends with us.
const unshare = findTool('unshare');
if (process.getuid?.() === 0 && values['mounts-of'] === undefined && unshare !== undefined) {
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1), '--mounts-of', ownMounts()];
  process.execve?.(unshare, ['unshare', '--mount', '--propagation', 'slave', ...again], { ...helperEnvironment, ...environment() });
}

/** What Node itself listens to; the rest of the front's environment is none of ours. */
function environment(): Record<string, string> {
  const kept = ['NODE_OPTIONS', 'TMPDIR', 'TZ'].map((name) => [name, process.env[name]] as const);
  return Object.fromEntries(kept.filter((pair): pair is readonly [string, string] => pair[1] !== undefined));
}

const host = await startRunnerHost({
  data: values.data as string,
  socketPath: values.socket as string,
  privateMounts: values['mounts-of'] !== undefined && values['mounts-of'] !== ownMounts(),
});

/** The parent holds our standard input: when it dies, however it dies, so do we and all that we run. */
const stop = () => void host.close().finally(() => process.exit(0));
process.stdin.on('end', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
