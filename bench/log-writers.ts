// Load for a Rekor v1 API, in a process of its own: closed loop, each writer waits for its reply before it sends the next.
// node log-writers.ts URL WRITERS SECONDS → one line of JSON: { count, errors, seconds, latencies: milliseconds, sorted }
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { Agent, request } from 'node:http';

const [, , url, writersText, secondsText] = process.argv as unknown as [string, string, string, string, string];
const writers = Number(writersText);
const seconds = Number(secondsText);
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = Buffer.from(publicKey.export({ type: 'spki', format: 'pem' })).toString('base64');
const nonce = Math.random().toString(36);
let made = 0;

/** A unique, valid hashedrekord: signing it costs 50 µs, here and not in the server. */
function proposal(): string {
  const message = Buffer.from(`${nonce} ${made++}`);
  const content = sign('sha256', message, privateKey).toString('base64');
  const value = createHash('sha256').update(message).digest('hex');
  return `{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"data":{"hash":{"algorithm":"sha256","value":"${value}"}},"signature":{"content":"${content}","publicKey":{"content":"${pem}"}}}}`;
}

const agent = new Agent({ keepAlive: true, maxSockets: writers });
const latencies: number[] = [];
let errors = 0;

function post(body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), accept: 'application/json' };
    const call = request(`${url}/api/v1/log/entries`, { method: 'POST', agent, headers }, (response) => {
      let size = 0;
      response.on('data', (chunk: Buffer) => (size += chunk.length));
      response.on('end', () => resolve(size < 500 ? 0 : (response.statusCode ?? 0)));
    });
    call.on('error', reject);
    call.end(body);
  });
}

async function writer(until: number): Promise<void> {
  while (performance.now() < until) {
    const body = proposal();
    const started = performance.now();
    const status = await post(body).catch(() => 0);
    if (status === 201) latencies.push(performance.now() - started);
    else errors += 1;
  }
}

const started = performance.now();
await Promise.all(Array.from({ length: writers }, () => writer(started + seconds * 1000)));
const elapsed = (performance.now() - started) / 1000;
process.stdout.write(
  `${JSON.stringify({ count: latencies.length, errors, seconds: elapsed, latencies: latencies.toSorted((a, b) => a - b) })}\n`,
);
agent.destroy();
