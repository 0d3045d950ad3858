import type { PipelineTask } from '../model/pipeline.ts';
import { textsOf } from '../model/value.ts';
import { FieldErrors, each } from './field-error.ts';
import type { Gates } from './gates.ts';

const artifact = /\$\(tasks\.[^.)\n]{1,256}\.(?:inputs|outputs)(?:\.[^.)\n]{1,256})?\)/;

export function artifactsInParams(tasks: readonly PipelineTask[], gates: Gates): FieldErrors {
  if (gates.artifacts) return FieldErrors.none;
  return each(tasks, ({ params }) => {
    const used = (params ?? []).some(({ value }) => textsOf(value).some((text) => artifact.test(text)));
    return used
      ? FieldErrors.of('feature flag enable-artifacts should be set to true to use artifacts feature.', ['params'])
      : FieldErrors.none;
  });
}
