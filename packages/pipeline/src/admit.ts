import { defaultPipeline, defaultPipelineRun, defaultTask, defaultTaskRun } from './defaults/defaults.ts';
import { mergeStepTemplate } from './defaults/step-template.ts';
import { pipelineErrors } from './errors.ts';
import type { Pipeline } from './model/pipeline.ts';
import type { PipelineRun, TaskRun } from './model/runs.ts';
import type { Task } from './model/task.ts';
import { decode, hasValuelessParam, isObject, unknownFields } from './schema/decode.ts';
import { objectMeta } from './schema/kubernetes.ts';
import { kinds } from './schema/tekton.ts';
import { updateRules } from './validate/updates.ts';
import { unsupported } from './support/unsupported.ts';
import { quote } from './text/quote.ts';
import { defaultGates, type Gates } from './validate/gates.ts';
import { kubernetesMetadata, objectMetadata } from './validate/metadata.ts';
import { FieldErrors } from './validate/field-error.ts';
import { pipelineParameterUsage, pipelineSpec, pipelineWorkspaceUsage } from './validate/pipeline.ts';
import { pipelineRunSpec } from './validate/pipelinerun.ts';
import { declaredParameterUsage } from './validate/step-variables.ts';
import { taskSpec } from './validate/task.ts';
import { taskRunSpec } from './validate/taskrun.ts';

export type TektonObject = Task | TaskRun | Pipeline | PipelineRun;

export type Verdict<Value> =
  | { readonly accepted: true; readonly object: Value }
  | { readonly accepted: false; readonly code: number; readonly reason: string; readonly message: string };

const refuse = (code: number, reason: string, message: string) => ({ accepted: false as const, code, reason, message });
const mutation = (problem: string) =>
  refuse(400, 'BadRequest', `admission webhook "webhook.pipeline.tekton.dev" denied the request: mutation failed: ${problem}`);

/**
 * What a Kubernetes API server with Tekton's webhooks would say of a document: the object as it would be stored, or its
 * refusal. It says nothing of what we can run: see `admit`.
 */
export function judge(document: unknown, gates: Gates = defaultGates): Verdict<TektonObject> {
  const { kind, apiVersion } = head(document);
  const shape = Object.hasOwn(kinds, kind) && kind !== 'StepAction' ? kinds[kind] : undefined;
  if (apiVersion !== 'tekton.dev/v1' || shape === undefined)
    return refuse(404, 'NotFound', `no matches for kind "${kind}" in version "${apiVersion}"`);
  const cannot = `${kind} in version "v1" cannot be handled as a ${kind}: `;
  const source = document as Record<string, unknown>;
  const metadata = decode({ ...(isObject(source['metadata']) ? source['metadata'] : {}) }, objectMeta);
  const unknown = unknownFields(document, shape);
  if ('problem' in metadata && !metadata.problem.startsWith('json: unknown field'))
    return refuse(400, 'BadRequest', cannot + metadata.problem);
  if (unknown.length > 0) {
    return refuse(400, 'BadRequest', `${cannot}strict decoding error: ${unknown.map((path) => `unknown field ${quote(path)}`).join(', ')}`);
  }
  const decoded = decode(document, shape);
  if ('problem' in decoded) return mutation(`cannot decode incoming new object: ${decoded.problem}`);
  if (hasValuelessParam(document, shape)) {
    return mutation(
      'cannot create patch for round tripped newBytes: cannot marshal interface: json: error calling MarshalJSON for type v1.ParamValue: impossible ParamValues.Type: ""',
    );
  }
  const object = decoded.object as unknown as TektonObject;
  object.metadata ??= { name: '' };
  (object as { spec?: unknown }).spec ??= {};
  // A status comes by the status subresource only.
  delete (object as { status?: unknown }).status;
  fillIn(object);
  const faulty = kubernetesMetadata(kind, object.metadata) ?? projectedWithoutSources(source);
  if (faulty !== undefined) return refuse(422, 'Invalid', faulty);
  return verdictOf(object, rules(object, gates));
}

/**
 * The same for an update: `next` is the whole new object, `old` the stored one. What a run may change once it has
 * started is its `spec.status` (and a TaskRun its `statusMessage`); once it is done, nothing of its spec.
 */
export function judgeUpdate(old: TektonObject, next: unknown, gates: Gates = defaultGates): Verdict<TektonObject> {
  const verdict = judge(next, { ...gates });
  const errors = updateRules(old, isObject(next) ? next : {});
  if (errors.empty) return verdict;
  if (verdict.accepted) return verdictOf(verdict.object, errors);
  return verdict.code === 400 && verdict.message.startsWith(denied)
    ? refuse(
        400,
        'BadRequest',
        denied + [...verdict.message.slice(denied.length).split('\n'), ...errors.toString().split('\n')].sort().join('\n'),
      )
    : verdict;
}

const denied = 'admission webhook "validation.webhook.pipeline.tekton.dev" denied the request: validation failed: ';

function verdictOf(object: TektonObject, errors: FieldErrors): Verdict<TektonObject> {
  return errors.empty ? { accepted: true, object } : refuse(400, 'BadRequest', denied + errors.toString());
}

/** The one rule of Tekton's CRD schemas that its webhook does not repeat first. */
function projectedWithoutSources({ kind, metadata, spec }: Record<string, any>): string | undefined {
  const bindings: { projected?: { sources?: unknown } }[] = kind === 'TaskRun' || kind === 'PipelineRun' ? (spec?.workspaces ?? []) : [];
  const index = bindings.findIndex(({ projected }) => projected !== undefined && (projected.sources ?? undefined) === undefined);
  if (index === -1) return undefined;
  const path = `spec.workspaces[${index}].projected.sources`;
  return `${kind}.tekton.dev "${metadata?.name ?? ''}" is invalid: ${path}: Invalid value: "null": ${path} in body must be of type array: "null"`;
}

function head(document: unknown): { kind: string; apiVersion: string } {
  if (!isObject(document)) return { kind: '', apiVersion: '' };
  return { kind: textOf(document['kind']), apiVersion: textOf(document['apiVersion']) };
}

function fillIn(object: TektonObject): void {
  if (object.kind === 'Task') defaultTask(object);
  else if (object.kind === 'TaskRun') defaultTaskRun(object);
  else if (object.kind === 'Pipeline') defaultPipeline(object);
  else defaultPipelineRun(object);
}

function rules(object: TektonObject, gates: Gates): FieldErrors {
  const metadata = objectMetadata(object.metadata);
  switch (object.kind) {
    case 'Task':
      return metadata.also(
        taskSpec(object.spec, gates)
          .also(declaredParameterUsage(mergeStepTemplate(object.spec), object.spec.params ?? []))
          .viaField('spec'),
      );
    case 'TaskRun':
      return metadata.also(taskRunSpec(object.spec, gates).viaField('spec'));
    case 'Pipeline':
      return metadata.also(
        pipelineSpec(object.spec, gates).also(pipelineParameterUsage(object.spec), pipelineWorkspaceUsage(object.spec)).viaField('spec'),
      );
    case 'PipelineRun':
      return metadata.also(pipelineRunSpec(object.spec, gates).viaField('spec'));
  }
}

/**
 * Admits a document: Tekton's verdict first, then ours. Throws PIPELINE_UNKNOWN_KIND, PIPELINE_DECODE,
 * PIPELINE_METADATA_INVALID or PIPELINE_ADMISSION_DENIED with Tekton's own message, or PIPELINE_UNSUPPORTED naming each
 * field that is valid and not run here yet. The attacker controls the whole document.
 */
export function admit(document: unknown, options: { gates?: Gates } = {}): TektonObject {
  const verdict = judge(document, options.gates ?? defaultGates);
  if (!verdict.accepted) {
    const { code, message } = verdict;
    if (code === 404) throw pipelineErrors.error('PIPELINE_UNKNOWN_KIND', message);
    if (code === 422) throw pipelineErrors.error('PIPELINE_METADATA_INVALID', message);
    const rule = message.startsWith('admission webhook "validation.');
    throw pipelineErrors.error(rule ? 'PIPELINE_ADMISSION_DENIED' : 'PIPELINE_DECODE', message);
  }
  const fields = unsupported(verdict.object);
  if (fields.length > 0) {
    throw pipelineErrors.error(
      'PIPELINE_UNSUPPORTED',
      `${verdict.object.kind} "${verdict.object.metadata.name}" uses what is not run here yet: ${fields.map(({ path, why }) => `${path} (${why})`).join(', ')}`,
      { details: { fields } },
    );
  }
  return verdict.object;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
