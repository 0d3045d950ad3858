import { canonicalJson } from '@colophon/core';
import { sortSubjects } from '../statement/canonical.ts';
import { checkStatement } from '../statement/parse.ts';
import { predicateTypes, statementTypes, type InTotoStatement } from '../statement/types.ts';
import { byproducts } from './byproducts.ts';
import { dependencies } from './dependencies.ts';
import { buildType, type BuilderFacts, type BuildFacts, type LogFacts } from './facts.ts';
import { factsInvalid, hexOf } from './hex.ts';

export interface ProvenanceRequest {
  /** The record of the top-level run. */
  readonly record: BuildFacts;
  /** The records of its TaskRuns; their facts are joined to it, each once. */
  readonly children?: readonly BuildFacts[];
  readonly builder: BuilderFacts;
  /** Digests of the kept step logs. */
  readonly logs?: readonly LogFacts[];
}

/**
 * SLSA v1 provenance of our own build type for all images that a run produced. Pure: the same records give the same statement, whatever the order
 * within them. Nothing that a step said becomes a dependency or a subject. Throws ATTEST_FACTS_INVALID if the run produced no image or its records contradict each other.
 */
export function provenance({ record, children = [], builder, logs = [] }: ProvenanceRequest): InTotoStatement {
  const facts = join(record, children);
  check(facts, builder);
  const subject = sortSubjects(facts.produced.map(({ repository, digest }) => ({ name: repository, digest: { sha256: hexOf(digest) } })));
  const statement: InTotoStatement<Record<string, unknown>> = {
    _type: statementTypes.v1,
    predicateType: predicateTypes.slsaV1,
    subject,
    predicate: {
      buildDefinition: {
        buildType,
        externalParameters: externalParameters(facts),
        internalParameters: {
          isolation: facts.mode,
          network: facts.network,
          replayable: facts.replayable && !facts.network,
        },
        resolvedDependencies: dependencies(facts),
      },
      runDetails: {
        builder: { id: builder.id, version: builder.version },
        metadata: { invocationId: facts.uid, startedOn: facts.startedAt, finishedOn: facts.finishedAt },
        byproducts: byproducts(facts, logs),
      },
    },
  };
  return checkStatement(statement);
}

/** Everything that came from outside: the run as it was submitted, what it was run on, and which definition it names. */
function externalParameters({ run, spec, inputs, definitions }: BuildFacts): Record<string, unknown> {
  const [source] = inputs.filter(({ kind }) => kind === 'source').map(({ workspace, uri, digest }) => ({ workspace, uri, digest }));
  const main = definitions.find(
    ({ kind, pipelineTask }) => kind === (run.kind === 'PipelineRun' ? 'Pipeline' : 'Task') && pipelineTask === undefined,
  );
  return {
    run: { apiVersion: run.apiVersion, kind: run.kind, namespace: run.namespace, name: run.name },
    spec,
    ...(source === undefined ? {} : { source }),
    ...(main === undefined
      ? {}
      : { definition: { kind: main.kind, name: main.name, source: main.source, digest: { sha256: hexOf(main.digest) } } }),
  };
}

function join(record: BuildFacts, children: readonly BuildFacts[]): BuildFacts {
  const all = [record, ...children];
  const each = <Item>(list: (facts: BuildFacts) => readonly Item[]): Item[] => {
    const items = all.flatMap(list).map((item) => [canonicalJson(item), item] as const);
    return [...new Map(items).values()];
  };
  const modes = new Set(all.map(({ mode }) => mode).filter((mode) => mode !== 'none'));
  if (modes.size > 1) throw factsInvalid('its tasks ran in different isolation modes');
  return {
    ...record,
    definitions: each(({ definitions }) => definitions),
    inputs: each(({ inputs }) => inputs),
    stepImages: each(({ stepImages }) => stepImages),
    produced: each(({ produced }) => produced),
    results: each(({ results }) => results),
    claims: each(({ claims }) => claims),
    network: all.some(({ network }) => network),
    replayable: all.every(({ replayable }) => replayable),
    mode: [...modes][0] ?? 'none',
  };
}

function check(facts: BuildFacts, builder: BuilderFacts): void {
  if (facts.produced.length === 0) throw factsInvalid('it produced no image');
  if (facts.mode === 'none') throw factsInvalid('it produced an image, but no step of it ran');
  if (!builder.id.endsWith(`/builders/${facts.mode}`))
    throw factsInvalid(`it ran in mode ${facts.mode}, which is not that of builder ${builder.id}`);
  for (const time of [facts.startedAt, facts.finishedAt]) {
    if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(time))
      throw factsInvalid(`its time ${JSON.stringify(time)} is not RFC 3339 in UTC`);
  }
  if (facts.uid === '') throw factsInvalid('it has no uid');
}
