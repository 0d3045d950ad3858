import type { Step } from '../model/task.ts';
import { FieldErrors } from './field-error.ts';
import type { Gates } from './gates.ts';

// Bounded classes, no nested quantifiers: scripts are written by strangers.
const stepResult = /\$\(steps\.[^).\n]{1,256}\.results\.[^)\n]{1,512}\)/;
const stepArtifact = /\$\(steps\.[^.)\n]{1,256}\.(?:inputs|outputs)(?:\.[^.)\n]{1,256})?\)/;
const taskArtifact = /\$\(tasks\.[^.)\n]{1,256}\.(?:inputs|outputs)(?:\.[^.)\n]{1,256})?\)/;

const usesStepArtifact = (text: string): boolean => stepArtifact.test(text) || text.includes('$(step.artifacts.path)');
const usesTaskArtifact = (text: string): boolean => taskArtifact.test(text) || text.includes('$(artifacts.path)');

/** Fields of a step in which step results and artifacts may not be named, with their names in messages. */
function otherFields(step: Step): [string, string][] {
  const pairs: [string, string | undefined][] = [
    ['name', step.name],
    ['image', step.image],
    ['imagePullPolicy', step.imagePullPolicy],
    ['workingDir', step.workingDir],
  ];
  for (const source of step.envFrom ?? []) {
    pairs.push(['envFrom.prefix', source.prefix]);
    pairs.push(['envFrom.configMapRef', source.configMapRef?.name], ['envFrom.secretRef', source.secretRef?.name]);
  }
  for (const mount of step.volumeMounts ?? []) {
    pairs.push(['volumeMounts.name', mount.name], ['volumeMounts.mountPath', mount.mountPath], ['volumeMounts.subPath', mount.subPath]);
  }
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
}

export function stepResultUsage(step: Step): FieldErrors {
  const fields: [string, string][] = [...otherFields(step), ['script', step.script ?? '']];
  return FieldErrors.none.also(
    ...fields.map(([field, text]) =>
      stepResult.test(text)
        ? FieldErrors.of('stepResult substitutions are only allowed in env, command and args. Found usage in', [field])
        : FieldErrors.none,
    ),
  );
}

export function artifactUsage(step: Step, gates: Gates): FieldErrors {
  const allowed = [step.script ?? '', ...(step.command ?? []), ...(step.args ?? []), ...(step.env ?? []).map(({ value }) => value ?? '')];
  if (!gates.artifacts && allowed.some((text) => usesStepArtifact(text) || usesTaskArtifact(text))) {
    return FieldErrors.of('feature flag enable-artifacts should be set to true to use artifacts feature.', ['']);
  }
  return FieldErrors.none.also(
    ...otherFields(step).map(([field, text]) =>
      usesStepArtifact(text)
        ? FieldErrors.of('stepArtifact substitutions are only allowed in env, command, args and script. Found usage in', [field])
        : FieldErrors.none,
    ),
  );
}
