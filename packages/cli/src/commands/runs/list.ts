import { connect } from '../../client/api.ts';
import { enabled, number, text, type Handler } from '../../command/command.ts';
import { listRuns } from '../../kube/objects.ts';
import { runsTable } from './text.ts';

export const run: Handler = async (invocation) => {
  const api = await connect(invocation);
  const all = await listRuns(api, text(invocation, 'namespace') ?? 'default', enabled(invocation, 'tasks') ? 'taskruns' : 'pipelineruns');
  const newest = all
    .toSorted((left, right) => (left.metadata.creationTimestamp < right.metadata.creationTimestamp ? 1 : -1))
    .slice(0, number(invocation, 'limit'));
  return { data: newest, text: ({ theme }) => runsTable(newest, theme) };
};
