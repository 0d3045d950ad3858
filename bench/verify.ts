// Verifications a second in one process: ours, and @sigstore/verify beside it, over the same bundle (keyless, Rekor v1, SET and inclusion proof).
// Run: npm run build && COLOPHON_CONFORMANCE=DIR node bench/verify.ts [--case happy-path-v0.2] [--seconds 3]
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { defaultPolicy, loadTrust, verifyBundle } from '@colophon/verify';
import { machine, report } from './support/report.ts';

const { values } = parseArgs({
  options: { case: { type: 'string', default: 'happy-path-v0.2' }, seconds: { type: 'string', default: '3' } },
});
const root = join(process.env['COLOPHON_CONFORMANCE'] ?? '.', 'sigstore');
const bundle = readFileSync(join(root, values.case, 'bundle.sigstore.json'));
const artifact = readFileSync(join(root, 'a.txt'));
const trustedRoot = readFileSync(join(root, 'production-trusted-root.json'));
const subject =
  'https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main';
const issuer = 'https://token.actions.githubusercontent.com';

const trust = loadTrust({ trustedRoot });
const policy = { ...defaultPolicy, expect: { identity: { subject, issuer } } };
const verifier = new Verifier(toTrustMaterial(TrustedRoot.fromJSON(JSON.parse(trustedRoot.toString()))));

/** Both start from the bundle's bytes each time; the trust is read once. */
const contenders = {
  colophon() {
    const { verdict, reason } = verifyBundle({ bundle, artifact, trust, policy });
    if (verdict !== 'passed') throw new Error(reason);
  },
  '@sigstore/verify'() {
    verifier.verify(toSignedEntity(bundleFromJSON(JSON.parse(bundle.toString())), artifact), {
      subjectAlternativeName: subject,
      extensions: { issuer },
    });
  },
};

console.log(`${machine()}, ${values.case}`);
const rates: number[] = [];
for (const [name, verify] of Object.entries(contenders)) {
  for (let warm = 0; warm < 50; warm += 1) verify();
  let count = 0;
  const cpu = process.cpuUsage();
  const started = performance.now();
  while (performance.now() - started < Number(values.seconds) * 1000) {
    verify();
    count += 1;
  }
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  rates.push(count / seconds);
  console.log(
    `${name.padEnd(17)} ${(count / seconds).toFixed(0).padStart(6)}/s  ${((user + system) / 1000 / count).toFixed(2)} ms CPU each`,
  );
}
const [ours = 0, theirs = 0] = rates;
const what = 'verifications of a keyless bundle, SET and inclusion proof, one process';
report([{ what, unit: '/s', ours, peer: { name: '@sigstore/verify', value: theirs } }]);
