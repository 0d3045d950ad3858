import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '@colophon/core';
import { judge, judgeUpdate } from '../../src/admit.ts';
import type { TektonObject } from '../../src/index.ts';
import { gatesOf, missing, recordings, verdicts } from './recordings.ts';

/** StepActions are a later issue; v1beta1 is converted by Tekton and not served here. */
const ours = (document: { kind?: string; apiVersion?: string }) =>
  document.kind !== 'StepAction' && document.apiVersion === 'tekton.dev/v1';

describe.skipIf(missing)('admission, against the verdicts of a real Tekton 1.15', () => {
  // The least that agreed when this was written. CEL is not compiled here: the 18 verdicts that miss in alpha are CEL's.
  test.each([
    { gate: 'beta', verdict: 1, message: 0.998, object: 1 },
    { gate: 'stable', verdict: 1, message: 0.998, object: 1 },
    { gate: 'alpha', verdict: 0.988, message: 0.99, object: 1 },
  ])('gate $gate', ({ gate, ...least }) => {
    const count = { documents: 0, verdict: 0, refused: 0, message: 0, accepted: 0, object: 0 };
    const differ: string[] = [];
    for (const line of verdicts(gate).filter(({ document }) => ours(document))) {
      // A crash of the recorded webhook is no verdict.
      if (line.code === 500) continue;
      const mine = judge(line.document, gatesOf(gate));
      count.documents += 1;
      if (mine.accepted === line.accepted) count.verdict += 1;
      else differ.push(`${line.id}: ${line.accepted ? 'accepted' : line.message}`);
      if (!line.accepted && !mine.accepted) {
        count.refused += 1;
        if (mine.message === line.message && mine.code === line.code) count.message += 1;
        else differ.push(`${line.id}: ${line.message} ≠ ${mine.message}`);
      }
      if (line.accepted && mine.accepted && line.object !== undefined) {
        count.accepted += 1;
        const generated = (object: object) => canonicalJson(object).replace(/,"name":"[^"]*\{\{RAND\}\}"/, '');
        if (generated(line.object) === generated(mine.object)) count.object += 1;
        else differ.push(`${line.id}: object`);
      }
    }
    const rate = (part: number, whole: number) => `${part}/${whole} (${((100 * part) / whole).toFixed(2)} %)`;
    console.info(
      `${gate}: verdicts ${rate(count.verdict, count.documents)}, messages ${rate(count.message, count.refused)}, objects ${rate(count.object, count.accepted)}`,
    );
    if (process.env['COLOPHON_SHOW'] !== undefined) console.info(differ.join('\n'));
    expect(count.documents).toBeGreaterThan(1500);
    expect(count.verdict / count.documents).toBeGreaterThanOrEqual(least.verdict);
    expect(count.message / count.refused).toBeGreaterThanOrEqual(least.message);
    expect(count.object / count.accepted).toBeGreaterThanOrEqual(least.object);
  });

  test('updates of runs that are done, running or pending', () => {
    const updates = JSON.parse(readFileSync(join(recordings, 'validation', 'updates.json'), 'utf8')) as {
      id: string;
      kind: 'TaskRun' | 'PipelineRun';
      state: string;
      patch: { spec?: Record<string, unknown>; metadata?: object };
      accepted: boolean;
      message?: string;
    }[];
    let compared = 0;
    for (const { id, kind, state, patch, accepted, message } of updates) {
      // Fields that the kind does not have are refused by the API server before Tekton is asked, in words about the patch.
      if (message?.startsWith(' "" is invalid') === true) continue;
      const old = runInState(kind, message?.includes('complete') === true || state === 'done' ? 'done' : state);
      const merged = structuredClone(old) as unknown as { spec: Record<string, unknown> };
      for (const [key, value] of Object.entries(patch.spec ?? {})) {
        if (value === null) delete merged.spec[key];
        else merged.spec[key] = value;
      }
      const mine = judgeUpdate(old, merged, gatesOf('alpha'));
      compared += 1;
      expect({ id, accepted: mine.accepted, message: mine.accepted ? undefined : mine.message }).toEqual({
        id,
        accepted,
        message: accepted ? undefined : message,
      });
    }
    expect(compared).toBeGreaterThan(60);
  });
});

function runInState(kind: 'TaskRun' | 'PipelineRun', state: string): TektonObject {
  const spec =
    kind === 'TaskRun'
      ? { taskSpec: { steps: [{ name: 's', image: 'i' }] }, ...(state === 'pending' ? { status: 'TaskRunPending' } : {}) }
      : {
          pipelineSpec: { tasks: [{ name: 'a', taskRef: { name: 't' } }] },
          ...(state === 'pending' ? { status: 'PipelineRunPending' } : {}),
        };
  const verdict = judge({ apiVersion: 'tekton.dev/v1', kind, metadata: { name: 'run' }, spec });
  if (!verdict.accepted) throw new Error(verdict.message);
  const status =
    state === 'pending'
      ? {}
      : {
          startTime: '2026-01-01T00:00:00Z',
          conditions: [
            { type: 'Succeeded', status: state === 'done' ? 'True' : 'Unknown', reason: '', message: '', lastTransitionTime: '' },
          ],
        };
  return { ...verdict.object, status } as unknown as TektonObject;
}
