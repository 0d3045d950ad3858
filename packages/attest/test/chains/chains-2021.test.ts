// The provenance that distroless published in September 2021 (Chains 0.3).
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { legacy2021Statement, parseStatement, readProvenance } from '../../src/index.ts';

const path = join(process.env['COLOPHON_CONFORMANCE'] ?? '/nonexistent', 'chains-2021', 'statement.json');
if (!existsSync(path)) console.warn('no statement of 2021: set COLOPHON_CONFORMANCE');

describe.skipIf(!existsSync(path))('the statement of 2021', () => {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '{}';
  const published = JSON.parse(text);

  it('is what the same TaskRun gives', () => {
    const [step] = published.predicate.recipe.steps;
    const { metadata, invocation } = published.predicate;
    const params = invocation.parameters.map((line: string) => {
      const [, name, value] = /^(.*)=\{string (.*) \[\]\}$/.exec(line)!;
      return { name, value };
    });
    const images = published.subject.map((item: any) => `${item.name}@sha256:${item.digest.sha256}`);
    const run = {
      apiVersion: 'tekton.dev/v1beta1',
      kind: 'TaskRun',
      metadata: { name: 'distroless-provenance-run-x', uid: invocation.event_id },
      spec: { taskRef: { name: 'distroless-provenance' }, params },
      status: {
        startTime: metadata.buildStartedOn,
        completionTime: metadata.buildFinishedOn,
        // `go run` printed one image a line, in an order of its own.
        results: [
          {
            name: 'IMAGES',
            value: `${images.filter((name: string) => name.includes('/cc@')).join('\n')}\n${images.filter((name: string) => !name.includes('/cc@')).join('\n')}\n`,
          },
        ],
        steps: [{ name: 'provenance', container: 'step-provenance', imageID: `docker-pullable://${step.environment.image}` }],
        taskSpec: { steps: [{ name: 'provenance', script: step.entryPoint }] },
      },
    };
    expect(legacy2021Statement(run)).toEqual(published);
  });

  it('is read where that is asked for', () => {
    const statement = parseStatement(text, { allowChains2021: true });
    expect(readProvenance(statement)).toMatchObject({
      builderId: 'tekton-chains',
      invocationId: '531c282f-806e-41e4-b3ad-b596c4283381',
      configSource: { uri: 'task://distroless-provenance' },
      dependencies: [{ digest: { revision: '976c1c9bc178ac0371d8888d69893145c3df09f0' } }],
    });
    expect(() => parseStatement(text)).toThrow(/unknown type/);
  });
});

it('arrays, defaults, bundles and labels are written as Chains 0.3 did', () => {
  const statement = legacy2021Statement({
    metadata: { name: 'r', uid: 'u', labels: { 'chains.tekton.dev/reproducible': 'true' } },
    spec: { taskRef: { bundle: 'reg.example/b@sha256:1' }, params: [{ name: 'a', value: ['x', 'y'] }] },
    status: { taskSpec: { params: [{ name: 'd', default: 'v' }] }, steps: [{ name: 's', imageID: 'i' }] },
  });
  expect(statement).toMatchObject({
    _type: 'r',
    subject: [],
    predicate: {
      invocation: { parameters: ['a={array  [x y]}', 'd=v'], recipe_uri: 'oci://reg.example/b@sha256:1' },
      recipe: { steps: [{ entryPoint: '', environment: { container: 's', image: 'i' } }] },
      metadata: { reproducible: true },
    },
  });
});
