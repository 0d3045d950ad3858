import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeObject } from '@colophon/store';
import { startTestServer, types, type TestServer } from './support/server.ts';

const clients = process.env['COLOPHON_CLIENTS'] ?? resolve(import.meta.dirname, '../../../../.cache/clients');
const kubectl = join(clients, 'kubectl');
const missing = !existsSync(kubectl);
if (missing) console.log(`kubectl is not at ${kubectl}: its tests are left out (scripts/clients fetches it)`);

let server: TestServer;
let stopRuns: AbortController;

/** Plays the controller: each new TaskRun starts at once, and is done half a second later. */
async function finishRuns(signal: AbortSignal): Promise<void> {
  const write = (object: KubeObject, status: object) =>
    server.store.patch(types.taskruns, object.metadata.namespace, object.metadata.name as string, { status }, 'merge', {
      subresource: 'status',
    });
  for await (const { type, object } of server.store.watch(types.taskruns, undefined, { signal })) {
    if (type !== 'ADDED') continue;
    const startTime = '2026-01-02T03:04:05Z';
    const step = { name: 'greet', container: 'step-greet' };
    await write(object, {
      startTime,
      podName: `${object.metadata.name}-pod`,
      conditions: [{ type: 'Succeeded', status: 'Unknown', reason: 'Running', message: 'Not all Steps have finished' }],
      steps: [{ ...step, running: { startedAt: startTime } }],
    });
    setTimeout(() => {
      const finishedAt = '2026-01-02T03:04:09Z';
      void write(object, {
        completionTime: finishedAt,
        conditions: [{ type: 'Succeeded', status: 'True', reason: 'Succeeded', message: 'All Steps have completed executing' }],
        steps: [{ ...step, terminated: { exitCode: 0, reason: 'Completed', startedAt: startTime, finishedAt } }],
      }).catch(() => {});
    }, 500);
  }
}

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs kubectl to its end, or until `until` is seen in its output. */
function run(args: readonly string[], options: { input?: string; until?: RegExp; token?: string } = {}): Promise<Outcome> {
  return new Promise((done, failed) => {
    const url = server.url.replace('/kubernetes', `/with/${options.token ?? 'admin'}/kubernetes`);
    const child = spawn(kubectl, ['--server', url, '--namespace', 'default', ...args], {
      env: { PATH: process.env['PATH'], HOME: server.directory, KUBECONFIG: join(server.directory, 'none'), NO_COLOR: '1' },
      stdio: 'pipe',
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => {
      out += chunk.toString();
      if (options.until?.test(out) === true) child.kill('SIGTERM');
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    child.on('error', failed);
    child.on('close', (code) => done({ code, out, err }));
    child.stdin.end(options.input ?? '');
  });
}

async function ok(args: readonly string[], options: { input?: string; token?: string } = {}): Promise<string> {
  const { code, out, err } = await run(args, options);
  expect({ code, err: code === 0 ? '' : err }).toEqual({ code: 0, err: '' });
  return out;
}

async function refused(args: readonly string[], options: { input?: string; token?: string } = {}): Promise<string> {
  const { code, err } = await run(args, options);
  expect(code).not.toBe(0);
  return err;
}

const taskRun = (name: string, script = 'echo hello') => `
apiVersion: tekton.dev/v1
kind: TaskRun
metadata: { name: ${name}, labels: { app: test } }
spec:
  taskSpec:
    steps: [{ name: greet, image: busybox, script: "${script}" }]
`;
const configMap = (data: string, name = 'settings') => `
apiVersion: v1
kind: ConfigMap
metadata: { name: ${name} }
data: ${data}
`;

describe.skipIf(missing)('kubectl', () => {
  beforeAll(async () => {
    server = await startTestServer();
    stopRuns = new AbortController();
    void finishRuns(stopRuns.signal);
    await writeFile(join(server.directory, 'run.yaml'), taskRun('one'));
  });
  afterAll(async () => {
    stopRuns.abort();
    await server.close();
  });

  it('says the version and the kinds', async () => {
    expect(await ok(['version'])).toContain('Server Version: v1.36.0+colophon');
    const kinds = await ok(['api-resources']);
    expect(kinds).toMatch(/taskruns\s+tr,trs\s+tekton.dev\/v1\s+true\s+TaskRun/);
    expect(kinds).toMatch(/pods\s+po\s+v1\s+true\s+Pod/);
  });

  it('creates, and says what is there already', async () => {
    expect(await ok(['create', '-f', join(server.directory, 'run.yaml')])).toBe('taskrun.tekton.dev/one created\n');
    expect(await refused(['create', '-f', join(server.directory, 'run.yaml')])).toContain(
      'Error from server (AlreadyExists): error when creating',
    );
  });

  it('shows admission errors as the webhook words them', async () => {
    const error = await refused(['create', '-f', '-'], { input: taskRun('bad').replace('name: greet', 'name: greet, colour: red') });
    expect(error).toContain('json: unknown field "colour"');
    const empty = `apiVersion: tekton.dev/v1\nkind: TaskRun\nmetadata: { name: bad }\nspec: {}\n`;
    expect(await refused(['create', '-f', '-'], { input: empty })).toContain(
      'admission webhook "validation.webhook.pipeline.tekton.dev" denied',
    );
  });

  it('waits for a condition', async () => {
    expect(await ok(['wait', '--for=condition=Succeeded', 'taskrun/one', '--timeout=60s'])).toBe('taskrun.tekton.dev/one condition met\n');
  });

  it('gets a table, YAML, JSON, names, all namespaces and by selector', async () => {
    const table = (await ok(['get', 'taskruns'])).split('\n');
    expect(table[0]).toMatch(/^NAME\s+SUCCEEDED\s+REASON\s+STARTTIME\s+COMPLETIONTIME\s*$/);
    expect(table[1]).toMatch(/^one\s+True\s+Succeeded\s+\S+\s+\S+\s*$/);
    const yaml = await ok(['get', 'tr', 'one', '-o', 'yaml']);
    expect(yaml).toContain('serviceAccountName: default');
    expect(yaml).toContain('timeout: 1h0m0s');
    expect(yaml).not.toContain('managedFields');
    expect(await ok(['get', 'tr', '-o', 'name'])).toBe('taskrun.tekton.dev/one\n');
    expect(await ok(['get', 'tr', '-A'])).toMatch(/default\s+one\s+True/);
    expect(await ok(['get', 'tr', '-l', 'app in (test,x)', '-o', 'name'])).toContain('one');
    expect(await ok(['get', 'tr', '--field-selector', 'metadata.name!=one', '-o', 'name'])).toBe('');
    expect(await refused(['get', 'tr', 'nobody'])).toBe('Error from server (NotFound): taskruns.tekton.dev "nobody" not found\n');
    expect(await ok(['get', 'namespaces'])).toMatch(/default\s+Active/);
  });

  it('watches as a table', async () => {
    const watching = run(['get', 'tr', '-w'], { until: /watched[^\n]*True/ });
    await ok(['create', '-f', '-'], { input: taskRun('watched') });
    const { out } = await watching;
    expect(out).toMatch(/^NAME\s+SUCCEEDED/);
    expect(out).toMatch(/watched\s+Unknown\s+Running/);
    expect(out).toMatch(/watched\s+True\s+Succeeded/);
  });

  it('describes runs and pods, with events', async () => {
    const { metadata } = JSON.parse(await ok(['get', 'tr', 'one', '-o', 'json'])) as KubeObject;
    await server.store.create(types.events, {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'one.1', namespace: 'default' },
      involvedObject: { apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: 'one', namespace: 'default', uid: metadata.uid },
      type: 'Normal',
      reason: 'Started',
      message: 'It began',
      firstTimestamp: '2026-01-02T03:04:05Z',
      lastTimestamp: '2026-01-02T03:04:05Z',
      count: 1,
      source: { component: 'TaskRun' },
    });
    const run = await ok(['describe', 'taskrun', 'one']);
    expect(run).toMatch(/Pod Name:\s+one-pod/);
    expect(run).toMatch(/Normal\s+Started\s+.*It began/);
    const pod = await ok(['describe', 'pod', 'one-pod']);
    expect(pod).toMatch(/step-greet:/);
    expect(pod).toMatch(/Controlled By:\s+TaskRun\/one/);
    expect(pod).toMatch(/Exit Code:\s+0/);
    expect(await ok(['get', 'events'])).toMatch(/Normal\s+Started\s+taskrun\/one\s+It began/);
    expect(await ok(['get', 'pods'])).toMatch(/one-pod\s+0\/1\s+Completed\s+0/);
  });

  it('reads logs, whole, by lines and following', async () => {
    const whole = 'hello from one greet\nsecond line\nthird line\n';
    expect(await ok(['logs', 'one-pod'])).toBe(whole);
    expect(await ok(['logs', 'one-pod', '-f', '-c', 'step-greet'])).toBe(whole);
    expect(await ok(['logs', 'one-pod', '--all-containers'])).toBe(whole);
    expect(await ok(['logs', 'one-pod', '--tail=1'])).toBe('third line\n');
    expect(await refused(['logs', 'one-pod', '-c', 'step-other'])).toContain('step-other');
  });

  it('applies client-side: created, unchanged, configured, with members removed', async () => {
    const apply = (data: string) => ok(['apply', '-f', '-'], { input: configMap(data) });
    expect(await apply('{ a: "1", b: "2" }')).toBe('configmap/settings created\n');
    expect(await apply('{ a: "1", b: "2" }')).toBe('configmap/settings unchanged\n');
    expect(await apply('{ a: "3" }')).toBe('configmap/settings configured\n');
    expect(await ok(['get', 'cm', 'settings', '-o', 'jsonpath={.data}'])).toBe('{"a":"3"}');
    expect(await ok(['apply', '-f', '-'], { input: taskRun('applied') })).toBe('taskrun.tekton.dev/applied created\n');
  });

  it('applies server-side: ownership, conflicts, force, removal', async () => {
    const apply = (data: string, ...more: string[]) => ['apply', '--server-side', '-f', '-', ...more, `--field-manager=${data}`];
    const input = (data: string) => ({ input: configMap(data, 'owned') });
    expect(await ok(apply('left'), input('{ a: "1", b: "2" }'))).toBe('configmap/owned serverside-applied\n');
    const version = await ok(['get', 'cm', 'owned', '-o', 'jsonpath={.metadata.resourceVersion}']);
    await ok(apply('left'), input('{ a: "1", b: "2" }'));
    expect(await ok(['get', 'cm', 'owned', '-o', 'jsonpath={.metadata.resourceVersion}'])).toBe(version);
    expect(await refused(apply('right'), input('{ a: "9" }'))).toContain('conflict with "left" using v1: .data.a');
    await ok(apply('right', '--force-conflicts'), input('{ a: "9" }'));
    await ok(apply('left'), input('{}'));
    expect(await ok(['get', 'cm', 'owned', '-o', 'jsonpath={.data}'])).toBe('{"a":"9"}');
    const migrated = await ok(['apply', '--server-side', '-f', '-'], { input: configMap('{ a: "4" }', 'settings') });
    expect(migrated).toBe('configmap/settings serverside-applied\n');
  });

  it('patches, labels, annotates, edits by JSON patch', async () => {
    expect(await ok(['patch', 'tr', 'one', '--type=merge', '-p', '{"metadata":{"annotations":{"k":"v"}}}'])).toContain('patched');
    expect(await ok(['patch', 'tr', 'one', '--type=json', '-p', '[{"op":"remove","path":"/metadata/annotations/k"}]'])).toContain(
      'patched',
    );
    expect(await ok(['label', 'tr', 'one', 'colour=blue'])).toContain('labeled');
    expect(await ok(['annotate', 'tr', 'one', 'note=x'])).toContain('annotated');
    expect(await ok(['get', 'tr', 'one', '-o', 'jsonpath={.metadata.labels.colour},{.metadata.annotations.note}'])).toBe('blue,x');
    expect(await refused(['patch', 'tr', 'one', '--type=json', '-p', '[{"op":"remove","path":"/nothing"}]'])).toContain('nothing');
    expect(await ok(['patch', 'cm', 'settings', '-p', '{"data":{"z":"strategic"}}'])).toContain('patched');
  });

  it('makes config maps, secrets and namespaces by its own generators', async () => {
    expect(await ok(['create', 'configmap', 'made', '--from-literal=a=b'])).toBe('configmap/made created\n');
    expect(await ok(['create', 'secret', 'generic', 'hidden', '--from-literal=password=letmein'])).toBe('secret/hidden created\n');
    expect(await ok(['get', 'secret', 'hidden', '-o', 'jsonpath={.type} {.data.password}'])).toBe('Opaque bGV0bWVpbg==');
    expect(await ok(['create', 'namespace', 'anything'])).toContain('created');
    expect(await ok(['create', 'configmap', 'unmade', '--from-literal=a=b', '--dry-run=server'])).toContain('server dry run');
    expect(await refused(['get', 'cm', 'unmade'])).toContain('NotFound');
  });

  it('says who may do what', async () => {
    expect(await ok(['auth', 'can-i', 'create', 'taskruns'])).toBe('yes\n');
    expect(await ok(['auth', 'can-i', 'list', 'taskruns'], { token: 'reader' })).toBe('yes\n');
    expect((await run(['auth', 'can-i', 'delete', 'taskruns'], { token: 'reader' })).out).toContain('no');
    expect((await run(['auth', 'can-i', 'get', 'secrets'], { token: 'reader' })).out).toContain('no');
    expect(await refused(['delete', 'tr', 'one'], { token: 'reader' })).toContain('Error from server (Forbidden)');
    expect(await refused(['get', 'tr'], { token: 'nobody' })).toContain('must be logged in');
    expect(await ok(['auth', 'whoami'])).toMatch(/Username\s+admin/);
  });

  it('explains', async () => {
    const text = await ok(['explain', 'taskruns.spec.taskSpec']);
    expect(text).toMatch(/KIND:\s+TaskRun/);
    expect(await ok(['explain', 'pipelineruns'])).toContain('PipelineRun: one run of a Pipeline.');
    expect(await ok(['explain', 'tr', '--recursive'])).toMatch(/taskSpec\s+<Object>/);
  });

  it('deletes, one, by selector and all, and waits for it', async () => {
    const waiting = run(['wait', '--for=delete', 'taskrun/one', '--timeout=60s']);
    expect(await ok(['delete', 'taskrun', 'one'])).toContain('taskrun.tekton.dev "one" deleted');
    expect((await waiting).code).toBe(0);
    expect(await ok(['delete', 'tr', '-l', 'app=test'])).toContain('"watched" deleted');
    expect(await ok(['delete', 'cm', '--all'])).toContain('"settings" deleted');
    expect(await refused(['delete', 'tr', 'one'])).toContain('NotFound');
    expect(await ok(['get', 'tr', '-o', 'name'])).toBe('');
  });
});
