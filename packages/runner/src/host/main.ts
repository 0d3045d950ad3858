import { parseArgs } from 'node:util';
import { startRunnerHost } from './start.ts';

const { values } = parseArgs({ options: { data: { type: 'string' }, socket: { type: 'string' } } });
const host = await startRunnerHost({ data: values.data as string, socketPath: values.socket as string });

/** The parent holds our standard input: when it dies, however it dies, so do we and all that we run. */
const stop = () => void host.close().finally(() => process.exit(0));
process.stdin.on('end', stop).on('error', stop).resume();
process.on('SIGTERM', stop);
