// Supervises a process, says its pid, and waits to be killed.
import { supervise } from '../../src/processes/supervise.ts';

const [, , module, socketPath, ...more] = process.argv as [string, string, string, string];
const child = await supervise({ name: 'child', module, arguments: ['--socket', socketPath, ...more], socketPath });
process.stdout.write(`${child.pid}\n`);
setInterval(() => {}, 1000);
