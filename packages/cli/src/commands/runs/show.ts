import { connect } from '../../client/api.ts';
import { text, type Handler } from '../../command/command.ts';
import { findRun, taskRunsOf } from '../../kube/objects.ts';
import { runText } from './text.ts';

export const run: Handler = async (invocation) => {
  const api = await connect(invocation);
  const found = await findRun(api, text(invocation, 'namespace') ?? 'default', invocation.args[0] ?? '');
  const taskRuns = await taskRunsOf(api, found);
  return { data: { run: found, taskRuns }, text: ({ theme }) => runText(found, theme, found.kind === 'TaskRun' ? [found] : taskRuns) };
};
