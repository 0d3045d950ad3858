import { connect } from '../../client/api.ts';
import { enabled, text, type Handler } from '../../command/command.ts';
import { condition, findRun, taskName, taskRunsOf } from '../../kube/objects.ts';
import { followRun, readLog } from '../../kube/follow.ts';
import { printable } from '../../output/table.ts';

export const run: Handler = async (invocation) => {
  const api = await connect(invocation);
  const found = await findRun(api, text(invocation, 'namespace') ?? 'default', invocation.args[0] ?? '');
  const json = invocation.flags['output'] === 'json';
  const lines: { task: string; step: string; line: string }[] = [];
  const take = (task: string, step: string, line: string) => {
    if (json) lines.push({ task, step, line });
    else process.stdout.write(`[${task} : ${step}] ${printable(line)}\n`);
  };
  let last = found;
  if (enabled(invocation, 'follow')) {
    last = await followRun(api, found, { signal: invocation.signal, onLine: take });
  } else {
    for (const taskRun of await taskRunsOf(api, found)) {
      for (const step of taskRun.status?.steps ?? []) {
        if (enabled(invocation, 'failed') && (step.terminated?.exitCode ?? 0) === 0) continue;
        await readLog(api, taskRun, step.container, { signal: invocation.signal }, (line) => take(taskName(taskRun), step.name, line));
      }
    }
  }
  return { data: lines, text: () => '', exit: enabled(invocation, 'follow') && condition(last).status !== 'True' ? 1 : 0 };
};
