import { describe, expect, it } from 'vitest';
import { admit, parseDocuments } from '@colophon/pipeline';

const head = (kind: string) => `apiVersion: tekton.dev/v1\nkind: ${kind}\nmetadata: {name: x}\n`;
const verdict = (text: string): string => {
  try {
    for (const { value } of parseDocuments(text)) admit(value);
    return 'admitted';
  } catch (error) {
    const { code, message } = error as Error & { code: string };
    return `${code}: ${message}`;
  }
};

/** Each is valid Tekton that is not run here: the error must name the field. */
const cases: [string, string][] = [
  ['spec.steps[0].ref', 'Task~spec: {steps: [{name: s, ref: {name: action}}]}'],
  ['spec.sidecars', 'Task~spec: {sidecars: [{name: s, image: i}], steps: [{image: i}]}'],
  ['spec.steps[0].results', 'Task~spec: {steps: [{name: s, image: i, results: [{name: r}]}]}'],
  ['spec.steps[0].when', 'Task~spec: {steps: [{image: i, when: [{input: a, operator: in, values: [a]}]}]}'],
  ['spec.steps[0].securityContext.privileged', 'Task~spec: {steps: [{image: i, securityContext: {privileged: true}}]}'],
  [
    'spec.steps[0].securityContext.capabilities.add',
    'Task~spec: {steps: [{image: i, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}',
  ],
  [
    'spec.steps[0].env[0].valueFrom.fieldRef',
    'Task~spec: {steps: [{image: i, env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]}]}',
  ],
  [
    'spec.steps[0].volumeMounts[0].subPathExpr',
    'Task~spec: {volumes: [{name: v, emptyDir: {}}], steps: [{image: i, volumeMounts: [{name: v, mountPath: /v, subPathExpr: a}]}]}',
  ],
  ['spec.volumes[0].hostPath', 'Task~spec: {volumes: [{name: v, hostPath: {path: /}}], steps: [{image: i}]}'],
  ['spec.volumes[0].csi.driver', 'Task~spec: {volumes: [{name: v, csi: {driver: other.example}}], steps: [{image: i}]}'],
  [
    'spec.volumes[0].secret.items[0].mode',
    'Task~spec: {volumes: [{name: v, secret: {secretName: s, items: [{key: k, path: p, mode: 256}]}}], steps: [{image: i}]}',
  ],
  ['spec.tasks[0].matrix', 'Pipeline~spec: {tasks: [{name: t, taskRef: {name: t}, matrix: {params: [{name: p, value: [a, b]}]}}]}'],
  ['spec.tasks[0].taskRef.resolver', 'Pipeline~spec: {tasks: [{name: t, taskRef: {resolver: git}}]}'],
  ['spec.tasks[0].taskRef.apiVersion', 'Pipeline~spec: {tasks: [{name: t, taskRef: {apiVersion: other.dev/v1, kind: Other, name: t}}]}'],
  [
    'spec.tasks[0].taskSpec.sidecars',
    'Pipeline~spec: {tasks: [{name: t, taskSpec: {sidecars: [{name: s, image: i}], steps: [{image: i}]}}]}',
  ],
  [
    'spec.workspaces[0].projected',
    'TaskRun~spec: {taskRef: {name: t}, workspaces: [{name: w, projected: {sources: [{secret: {name: s}}]}}]}',
  ],
  ['spec.taskRef.resolver', 'TaskRun~spec: {taskRef: {resolver: hub}}'],
  ['spec.pipelineRef.resolver', 'PipelineRun~spec: {pipelineRef: {resolver: git}}'],
];

describe('what Tekton runs and this version does not', () => {
  it.each(cases)('%s is refused by name', (path, text) => {
    const [kind = '', spec = ''] = text.split('~');
    const found = verdict(head(kind) + spec);
    expect(found).toMatch(/^PIPELINE_UNSUPPORTED/);
    expect(found).toContain(path);
  });

  it.each([
    'Task~spec: {steps: [{image: i, script: "#!/bin/sh\\necho $(date)", securityContext: {runAsUser: 0, capabilities: {drop: [ALL]}}}]}',
    'TaskRun~spec: {taskSpec: {workspaces: [{name: s}], steps: [{image: i}]}, workspaces: [{name: s, csi: {driver: source.colophon.dev, readOnly: true}}]}',
  ])('%s is admitted', (text) => {
    const [kind = '', spec = ''] = text.split('~');
    expect(verdict(head(kind) + spec)).toBe('admitted');
  });

  it('gives Tekton’s own verdict before ours', () => {
    expect(verdict(`${head('Task')}spec: {steps: [{image: i, nonsense: 1}], sidecars: [{name: s}]}`)).toContain(
      'unknown field "spec.steps[0].nonsense"',
    );
    expect(verdict(`${head('Task')}spec: {steps: []}`)).toContain('missing field(s): spec.steps');
  });

  it('answers anything at all', () => {
    for (const odd of [
      null,
      1,
      'x',
      [],
      {},
      { kind: 'Task' },
      { kind: {}, apiVersion: [] },
      { kind: 'constructor', apiVersion: 'tekton.dev/v1' },
    ])
      expect(() => admit(odd)).toThrow();
  });
});
