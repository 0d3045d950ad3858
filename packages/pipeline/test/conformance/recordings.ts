import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { judge, parseDocuments, type Gates, type PipelineRun, type TaskRun, type TektonObject } from '../../src/index.ts';

/** Recorded answers of a real Tekton 1.15 (its README describes them). */
export const recordings = join(process.env['COLOPHON_CONFORMANCE'] ?? '/nowhere', 'tekton-real');
export const missing = !existsSync(join(recordings, 'README.md'));
if (missing) console.info('COLOPHON_CONFORMANCE names no folder with tekton-real: nothing is compared with a real Tekton');

export const gatesOf = (lane: string): Gates => {
  const alpha = lane.startsWith('alpha');
  const apiFields = lane === 'stable' ? 'stable' : alpha ? 'alpha' : 'beta';
  return { apiFields, paramEnum: alpha, celInWhen: alpha, artifacts: alpha, conciseResolverSyntax: alpha };
};

export interface Verdict {
  readonly id: string;
  readonly document: { readonly kind?: string; readonly apiVersion?: string };
  readonly accepted: boolean;
  readonly code: number;
  readonly message?: string;
  readonly object?: object;
}

export function verdicts(gate: string): Verdict[] {
  const text = gunzipSync(readFileSync(join(recordings, 'validation', `${gate}.jsonl.gz`))).toString();
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Verdict);
}

export interface Example {
  readonly name: string;
  readonly lane: string;
  readonly gates: Gates;
  readonly notes: readonly string[];
  readonly objects: readonly TektonObject[];
  readonly pipelineRuns: readonly PipelineRun[];
  readonly taskRuns: readonly TaskRun[];
}

export function examples(): Example[] {
  return ['examples', 'own'].flatMap((set) =>
    readdirSync(join(recordings, set)).flatMap((lane) =>
      readdirSync(join(recordings, set, lane)).map((name): Example => {
        const read = (file: string) => readFileSync(join(recordings, set, lane, name, file), 'utf8');
        const finished = JSON.parse(read('finished.json')) as (PipelineRun | TaskRun | { kind: 'CustomRun' })[];
        const gates = gatesOf(lane);
        const objects = parseDocuments(read('input.yaml')).flatMap(({ value }) => {
          const verdict = judge(value, gates);
          return verdict.accepted ? [verdict.object] : [];
        });
        return {
          name: `${lane}/${name}`,
          lane,
          gates,
          notes: (JSON.parse(read('meta.json')) as { notes: string[] }).notes,
          objects,
          pipelineRuns: finished.filter((object): object is PipelineRun => object.kind === 'PipelineRun'),
          taskRuns: finished.filter((object): object is TaskRun => object.kind === 'TaskRun'),
        };
      }),
    ),
  );
}
