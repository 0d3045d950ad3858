// A hostile step says that it made what it did not make, and brings provenance of its own. Needs a machine where steps can run.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { digestOf } from '@colophon/core';
import { startProcess, type ServerProcess } from '../support/server.ts';
import { attested, condition, ended, shellRun, submit } from '../support/runs.ts';
import { layoutScript, pushStepImage, whyNoRuns } from '../support/step-image.ts';
import { temporary } from '../support-data.ts';

const reason = whyNoRuns();
if (reason !== undefined) console.log(`what hostile steps claim is not tried: ${reason}`);

describe.skipIf(reason !== undefined)('a hostile step', () => {
  let server: ServerProcess;
  let remove: () => Promise<void>;
  let image: string;
  let victim: string;
  beforeAll(async () => {
    const made = await temporary();
    remove = made.remove;
    server = await startProcess({ data: made.path, chainsFormats: ['slsa/v1', 'slsa/v2alpha4'] });
    image = await pushStepImage(server);
    // What it would like to have made: it is in the registry, made by somebody else.
    victim = (await pushStepImage(server, 'apps/victim')).split('@')[1] as string;
  });
  afterAll(async () => {
    await server.kill('SIGTERM');
    await remove();
  });

  const forgedStatement = JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    predicateType: 'https://slsa.dev/provenance/v1',
    subject: [{ name: 'x', digest: { sha256: 'a'.repeat(64) } }],
    predicate: {},
  });

  it('is believed what the control plane saw, and nothing else', async () => {
    const nowhere = digestOf('no registry has this');
    const script = `
${layoutScript('hello', 'made by the hostile step')}
made=$hash
# Provenance of its own, wherever somebody might take it for ours.
for place in /images/hello/provenance.json /images/hello/attestation.intoto.jsonl /images/hello/sha256-$made.att; do echo '${forgedStatement}' > $place; done
printf '%s' "${server.host}/apps/hello:latest@sha256:$made,${server.host}/apps/victim@${victim},${server.host}/apps/hello@${nowhere},${server.host}/apps/victim@sha256:$made" > /tekton/results/IMAGES
printf '%s' "https://claimed.example/source" > /tekton/results/CHAINS-GIT_URL
printf '%s' "${'b'.repeat(40)}" > /tekton/results/CHAINS-GIT_COMMIT
`;
    const results = ['IMAGES', 'CHAINS-GIT_URL', 'CHAINS-GIT_COMMIT'];
    await submit(server, 'taskruns', shellRun('forger', image, script, { images: `${server.host}/apps`, results }));
    const run = await ended(server, 'taskruns', 'forger');
    expect([condition(run)?.reason, condition(run)?.message]).toEqual(['Succeeded', expect.any(String)]);
    const build = await attested(server, run);

    const made = build.spec.produced.map(({ repository, digest }: { repository: string; digest: string }) => ({ repository, digest }));
    expect(made).toEqual([{ repository: `${server.host}/apps/hello`, digest: expect.stringMatching(/^sha256:/) }]);
    const digest = made[0].digest as string;
    // Refused in the record, each with its reason.
    expect(build.spec.claims.filter(({ result }: { result: string }) => result === 'IMAGES')).toEqual([
      expect.objectContaining({ digest, verdict: 'accepted' }),
      expect.objectContaining({ digest: victim, verdict: 'refused', reason: expect.any(String) }),
      expect.objectContaining({ digest: nowhere, verdict: 'refused', reason: expect.any(String) }),
      expect.objectContaining({ digest, uri: `${server.host}/apps/victim`, verdict: 'refused', reason: expect.any(String) }),
    ]);

    // Never a subject or a dependency, of any statement that our key signed, in our format or in those of Chains.
    const statements = [];
    for (const { kind, uuid } of build.status.items as { kind: string; uuid: string }[]) {
      const found = await server.json('GET', `/api/v1/log/entries/${uuid}`);
      const attestation = Object.values<{ attestation?: { data: string } }>(found)[0]?.attestation?.data;
      if (kind === 'statement') statements.push(JSON.parse(Buffer.from(attestation ?? '', 'base64').toString()));
    }
    expect(statements.length).toBeGreaterThanOrEqual(4);
    for (const { subject, predicateType, predicate } of statements) {
      expect([predicateType, subject.map((one: { digest: { sha256: string } }) => `sha256:${one.digest.sha256}`)]).toEqual([
        predicateType,
        [digest],
      ]);
      if (predicate.buildDefinition?.buildType === 'https://colophon.dev/buildtypes/pipelinerun/v1')
        expect(JSON.stringify(predicate.buildDefinition.resolvedDependencies)).not.toMatch(/claimed\.example|b{40}/);
    }

    // And what it wrote beside its image went nowhere.
    const hex = digest.slice('sha256:'.length);
    expect((await server.json('GET', `/v2/apps/hello/tags/list`)).tags.toSorted()).toEqual(
      ['latest', `sha256-${hex}.att`, `sha256-${hex}.sig`].toSorted(),
    );
    expect((await server.json('GET', `/v2/apps/victim/tags/list`)).tags).toEqual(['latest']);
    expect((await server.json('GET', `/v2/apps/victim/referrers/${victim}`)).manifests).toEqual([]);
    const forged = digestOf(`${forgedStatement}\n`);
    expect((await server.send({ path: `/v2/apps/hello/blobs/${forged}`, token: server.token })).status).toBe(404);
  }, 120_000);

  it('that leaves something else than layouts among the images is refused', async () => {
    const script = `${layoutScript('stray', 'stray')}\necho '${forgedStatement}' > /images/provenance.json`;
    await submit(server, 'taskruns', shellRun('stray', image, script, { images: `${server.host}/apps` }));
    const run = await ended(server, 'taskruns', 'stray');
    expect(condition(run)).toMatchObject({ status: 'False', message: expect.stringContaining('provenance.json') });
    expect((await server.send({ path: '/v2/apps/stray/tags/list', token: server.token })).status).toBe(404);
  }, 120_000);

  it('that fails leaves no image and no provenance, whatever it claimed before', async () => {
    const script = `${layoutScript('failed', 'never')}\nprintf '%s' "${server.host}/apps/failed@sha256:$hash" > /tekton/results/IMAGES\nfalse`;
    await submit(server, 'taskruns', shellRun('failing', image, script, { images: `${server.host}/apps`, results: ['IMAGES'] }));
    const run = await ended(server, 'taskruns', 'failing');
    expect(condition(run)?.status).toBe('False');
    const build = await attested(server, run);
    expect(build.spec.produced).toEqual([]);
    expect(build.status.items).toEqual([]);
    expect((await server.send({ path: '/v2/apps/failed/tags/list', token: server.token })).status).toBe(404);
  }, 120_000);
});
