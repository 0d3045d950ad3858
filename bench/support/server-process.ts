// A real server in a process of its own. node server-process.ts OPTIONS-AS-JSON → one line of JSON { url, token, registryHost }; ends with its standard input.
import { startServer, type ServerOptionsInput } from '@colophon/server';

const server = await startServer(JSON.parse(process.argv[2] ?? '{}') as ServerOptionsInput);
const { url, token, registryHost } = server;
process.stdout.write(`${JSON.stringify({ url, token, registryHost })}\n`);
process.stdin.on('end', () => void server.stop().finally(() => process.exit(0))).resume();
