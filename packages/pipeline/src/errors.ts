import { catalogue } from '@colophon/core';

export const pipelineErrors = catalogue({
  PIPELINE_YAML_INVALID: {
    summary: 'a document is not YAML, or not one that Kubernetes objects may be written in',
    exit: 'invalid',
    status: 400,
  },
  PIPELINE_UNKNOWN_KIND: {
    summary: 'a document is of a kind or version that is not served here',
    hint: 'tekton.dev/v1 Task, TaskRun, Pipeline and PipelineRun, and v1 ConfigMap and Secret, are understood.',
    exit: 'invalid',
    status: 404,
  },
  PIPELINE_DECODE: {
    summary: 'a document has a field that its type does not have, or a value of the wrong type',
    exit: 'invalid',
    status: 400,
  },
  PIPELINE_METADATA_INVALID: { summary: 'the metadata of an object is not valid', exit: 'invalid', status: 422 },
  PIPELINE_ADMISSION_DENIED: { summary: 'an object breaks a rule that Tekton checks when it is admitted', exit: 'invalid', status: 400 },
  PIPELINE_UNSUPPORTED: {
    summary: 'an object is valid Tekton, but uses a feature that this version does not run',
    hint: 'docs/pipeline.md lists what is run and what is not yet.',
    exit: 'invalid',
    status: 400,
  },
});
