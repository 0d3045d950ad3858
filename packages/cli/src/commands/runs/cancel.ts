import { connect } from '../../client/api.ts';
import { text, type Handler } from '../../command/command.ts';
import { ended, findRun, runPath, type Run } from '../../kube/objects.ts';

export const run: Handler = async (invocation) => {
  const api = await connect(invocation);
  const found = await findRun(api, text(invocation, 'namespace') ?? 'default', invocation.args[0] ?? '');
  if (ended(found)) return { data: found, text: () => `${found.metadata.name} has ended already.` };
  const single = found.kind === 'TaskRun';
  const status = single ? 'TaskRunCancelled' : (text(invocation, 'mode') ?? 'Cancelled');
  const path = runPath(found.metadata.namespace, single ? 'taskruns' : 'pipelineruns', found.metadata.name);
  const changed = (await api.send('PATCH', path, { spec: { status } }, 'application/merge-patch+json')) as Run;
  return { data: changed, text: () => `${found.metadata.name}: ${status}` };
};
