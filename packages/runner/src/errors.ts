import { catalogue } from '@colophon/core';

export const runnerErrors = catalogue({
  RUNNER_PLAN_INVALID: { summary: 'the runner was given a plan that it does not understand', exit: 'usage', status: 400 },
  RUNNER_IMAGE_INVALID: { summary: 'a step image cannot be unpacked', exit: 'invalid' },
  RUNNER_IMAGE_TOO_LARGE: { summary: 'a step image is larger than the limits allow', exit: 'policy' },
  RUNNER_SANDBOX_FAILED: { summary: 'a sandbox could not be made', hint: '`colophon doctor` says what this machine lacks.' },
  RUNNER_RESULT_INVALID: { summary: 'a step left a result that cannot be taken', exit: 'invalid' },
  RUNNER_OUTPUT_INVALID: { summary: 'a step left something in an images workspace that is no good OCI layout', exit: 'invalid' },
  RUNNER_MOUNT_REFUSED: { summary: 'a mount would follow a link that a step left, or has nothing to mount', exit: 'invalid' },
  RUNNER_BUSY: { summary: 'another runner host works on the same data directory', hint: 'End it first: `colophon server` starts its own.' },
  RUNNER_TASK_UNKNOWN: { summary: 'the runner has no such task', exit: 'not-found', status: 404 },
});
