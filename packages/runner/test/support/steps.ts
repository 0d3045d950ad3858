import type { TestHost } from './host.ts';

/** A step of a test plan: a shell script in the host's test image. */
export function shellStep(host: Pick<TestHost, 'image'>, name: string, script: string, more: object = {}) {
  return {
    name,
    container: `step-${name}`,
    image: { digest: host.image },
    script: `#!/bin/sh\n${script}\n`,
    argv: [] as string[],
    env: {},
    workingDir: '/workspace',
    user: '',
    mounts: [] as { volume: string; path: string; subPath?: string; readOnly: boolean }[],
    onError: 'stopAndFail' as const,
    ...more,
  };
}
