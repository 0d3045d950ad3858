// Commands as whole processes: the version, the help, and the verification of an attested image in a fresh process beside cosign 3's of the same image on the same server.
// Run: npm run build && node bench/start.ts   (cosign 3 from COLOPHON_CLIENTS, default .cache/clients; see scripts/clients)
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildRecord } from './support/build-record.ts';
import { inTurn, median, wholeProcess } from './support/measure.ts';
import { report, type Figure } from './support/report.ts';
import { benchServer, type BenchServer } from './support/server.ts';
import { clientOf, pushImage } from './support/step-image.ts';
import { watchEnds } from './support/watch.ts';

const root = join(import.meta.dirname, '..');
const colophon = join(root, 'colophon');
const cosign = join(process.env['COLOPHON_CLIENTS'] ?? join(root, '.cache/clients'), 'cosign3');
const builds = '/kubernetes/apis/colophon.dev/v1/namespaces/default/builds';

/** An image with provenance and signature in the log and beside it. */
async function attestedImage(server: BenchServer): Promise<string> {
  const image = await pushImage(clientOf(server), 'bench/attested', Buffer.from('a layer'));
  const record = buildRecord(1, server.registryHost, image);
  const ends = await watchEnds(server, builds, ({ status }) => (status?.phase === 'Complete' ? true : undefined));
  await server.send('POST', builds, {
    apiVersion: 'colophon.dev/v1',
    kind: 'Build',
    metadata: { name: record.uid, namespace: 'default' },
    spec: record,
  });
  await ends.of(record.uid);
  ends.close();
  return `${server.registryHost}/bench/attested@${image.digest}`;
}

async function verification(server: BenchServer): Promise<Figure> {
  const image = await attestedImage(server);
  const trustedRoot = join(server.data, 'bench-trusted-root.json');
  await writeFile(trustedRoot, JSON.stringify(await server.send('GET', '/trust/trusted_root.json')));
  const trust = ['--key', join(server.data, 'keys/provenance.pub'), '--trusted-root', trustedRoot];
  // An own HOME: neither reads a person's credentials, nor anything cached.
  const env = { ...process.env, HOME: server.data, COLOPHON_DATA: join(server.data, 'none'), SIGSTORE_NO_CACHE: '1' };
  const ours = () => wholeProcess(colophon, ['verify', image, ...trust, '--type', 'slsaprovenance1'], { env });
  const theirs = () => wholeProcess(cosign, ['verify-attestation', '--type', 'slsaprovenance1', ...trust, image], { env });
  const times = await inTurn(11, { ours, theirs: existsSync(cosign) ? theirs : undefined });
  const peer = existsSync(cosign) ? { peer: { name: 'cosign 3', value: median(times.theirs) } } : {};
  return { what: 'verify of one attested image, fresh process', unit: 'ms', ours: median(times.ours), ...peer };
}

async function starts(): Promise<Figure[]> {
  const times = await inTurn(20, {
    version: () => wholeProcess(colophon, ['--version']),
    help: () => wholeProcess(colophon, ['--help']),
    node: () => wholeProcess(process.execPath, ['--eval', '0']),
  });
  const peer = { name: 'node --eval 0', value: median(times.node) };
  return [
    { what: './colophon --version, p50 of 20', unit: 'ms', ours: median(times.version), peer, goal: { atMost: 80 } },
    { what: './colophon --help, p50 of 20', unit: 'ms', ours: median(times.help), peer },
  ];
}

const server = await benchServer();
try {
  report([...(await starts()), await verification(server)]);
} finally {
  await server.close();
}
