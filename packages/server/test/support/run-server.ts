// The whole server in a process of its own, for tests that read what it says, measure it or kill it. First line of output: where it is.
import { startServer } from '@colophon/server';

const server = await startServer(JSON.parse(process.argv[2] ?? '{}'));
process.stdout.write(`${JSON.stringify({ url: server.url, host: server.registryHost, token: server.token })}\n`);
process.once('SIGTERM', () => void server.stop().then(() => process.exit(0)));
