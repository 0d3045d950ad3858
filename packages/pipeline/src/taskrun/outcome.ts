/**
 * What became of a step, as whoever ran it says: facts only. Times are milliseconds since the epoch.
 */
export interface StepOutcome {
  readonly name: string;
  /** `HOST/PATH@sha256:…` of the image that it ran, or would have run. */
  readonly imageID?: string;
  readonly containerID?: string;
  readonly state: 'waiting' | 'running' | 'exited' | 'skipped';
  readonly startedAt?: number;
  readonly finishedAt?: number;
  /** Of `exited`. A step killed by a signal has 255, as Tekton's entrypoint says it. */
  readonly exitCode?: number;
  /** Why it ended, if not by itself. */
  readonly killed?: 'timeout' | 'oom';
  /** The result files as they were when the step ended, all of the task's so far; bytes read as UTF-8. */
  readonly results?: Readonly<Record<string, string>>;
  readonly onError: 'continue' | 'stopAndFail';
}

/** Why a whole TaskRun ended, if not by its steps. */
export interface TaskRunEnd {
  readonly reason:
    | 'TaskRunCancelled'
    | 'TaskRunTimeout'
    | 'TaskRunImagePullFailed'
    | 'TaskRunValidationFailed'
    | 'TaskRunResolutionFailed'
    | 'TaskValidationFailed'
    | 'PodCreationFailed'
    | 'Failed';
  readonly message: string;
}

/** Tekton keeps a step's results in its termination message, which ends at this many bytes. */
export const maxResultBytes = 4096;

/** The message that carries results: keys in order of their bytes. */
export function resultMessage(results: Readonly<Record<string, string>> | undefined): string | undefined {
  const names = Object.keys(results ?? {}).sort();
  if (names.length === 0) return undefined;
  return goJson(names.map((key) => ({ key, value: results?.[key] ?? '', type: 1 })));
}

/** JSON as Go writes it: `<`, `>`, `&` and the two line separators escaped. */
function goJson(value: unknown): string {
  const escapes: Readonly<Record<string, string>> = {
    '<': '\\u003c',
    '>': '\\u003e',
    '&': '\\u0026',
    '\u2028': '\\u2028',
    '\u2029': '\\u2029',
  };
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => escapes[character] as string);
}
