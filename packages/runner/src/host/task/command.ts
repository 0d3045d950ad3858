import type { StepInstruction, TaskPlan } from '../../plan/plan.ts';
import { proxyEnvironment } from '../network/proxy-relay.ts';

const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The image's environment, then Tekton's, then the step's own. Nothing of the host's. */
export function environmentOf(plan: TaskPlan, step: StepInstruction, imageEnvironment: readonly string[]): Record<string, string> {
  const fromImage = imageEnvironment
    .filter((pair) => pair.includes('='))
    .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]);
  return {
    PATH: defaultPath,
    ...Object.fromEntries(fromImage),
    HOME: '/tekton/home',
    ...(plan.network.kind === 'none' ? {} : proxyEnvironment()),
    ...step.env,
  };
}

/** The step's arguments, and the files that its first one may mean: as execvp(3) looks for it on the step's own PATH. */
export function programOf(
  step: StepInstruction,
  index: number,
  environment: Readonly<Record<string, string>>,
): { argv: string[]; candidates: string[] } {
  const argv = step.script === undefined ? [...step.argv] : [`/tekton/scripts/script-${index}`, ...step.argv];
  const [name = ''] = argv;
  if (name.includes('/')) return { argv, candidates: [name] };
  const folders = (environment['PATH'] ?? defaultPath).split(':').slice(0, 100);
  return { argv, candidates: name === '' ? [] : folders.map((folder) => (folder === '' ? name : `${folder.replace(/\/+$/, '')}/${name}`)) };
}
