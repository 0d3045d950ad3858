import { readFile } from 'node:fs/promises';
import { parseAllDocuments } from 'yaml';
import { connect, type Api } from '../../client/api.ts';
import { enabled, many, number, text, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { condition, runPath, type Run } from '../../kube/objects.ts';
import { followRun } from '../../kube/follow.ts';
import { printable } from '../../output/table.ts';
import { runText } from '../runs/text.ts';

export const run: Handler = async (invocation) => {
  const api = await connect(invocation);
  const documents = await readRuns(invocation);
  const created: Run[] = [];
  for (const document of documents) created.push(await submit(api, document, text(invocation, 'namespace') ?? 'default'));
  if (enabled(invocation, 'noWait')) {
    return { data: created, text: () => created.map(({ kind, metadata }) => `${kind.toLowerCase()}/${metadata.name}`).join('\n') };
  }
  const finished = await waitForAll(api, created, invocation);
  const failed = finished.some((item) => condition(item).status !== 'True');
  return { data: finished, text: ({ theme }) => finished.map((item) => runText(item, theme)).join('\n\n'), exit: failed ? 1 : 0 };
};

async function readRuns(invocation: Invocation): Promise<readonly Run[]> {
  const file = text(invocation, 'file');
  if (file === undefined) throw cliErrors.error('CLI_USAGE', 'a file is needed: --file FILE');
  const values = new Map(many(invocation, 'set').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const content = await readInput(file);
  const missing = new Set<string>();
  const filled = content.replace(/\{\{\s*([a-z_][a-z0-9_-]*)\s*\}\}/g, (whole, name: string) => {
    const value = values.get(name);
    if (value === undefined) missing.add(name);
    return value ?? whole;
  });
  if (missing.size > 0)
    throw cliErrors.error('CLI_USAGE', `${file} wants values: ${[...missing].map((name) => `--set ${name}=…`).join(' ')}`);
  return parseAllDocuments(filled).map((document) => {
    const [problem] = document.errors;
    if (problem !== undefined) throw cliErrors.error('CLI_FILE_INVALID', `${file}: ${problem.message}`);
    return document.toJS({ maxAliasCount: 100 }) as Run;
  });
}

async function readInput(file: string): Promise<string> {
  try {
    if (file !== '-') return await readFile(file, 'utf8');
    let content = '';
    for await (const chunk of process.stdin) content += String(chunk);
    return content;
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Tasks, Pipelines, ConfigMaps and Secrets of the file go to the store first, as kubectl would create them. */
export async function submit(api: Api, document: Run, namespace: string): Promise<Run> {
  const target = document.metadata?.namespace ?? namespace;
  const paths: Readonly<Record<string, string>> = {
    PipelineRun: runPath(target, 'pipelineruns'),
    TaskRun: runPath(target, 'taskruns'),
    Task: `/kubernetes/apis/tekton.dev/v1/namespaces/${target}/tasks`,
    Pipeline: `/kubernetes/apis/tekton.dev/v1/namespaces/${target}/pipelines`,
    ConfigMap: `/kubernetes/api/v1/namespaces/${target}/configmaps`,
    Secret: `/kubernetes/api/v1/namespaces/${target}/secrets`,
  };
  const path = paths[document.kind];
  if (path === undefined) throw cliErrors.error('CLI_FILE_INVALID', `a ${document.kind ?? 'document without kind'} cannot be submitted`);
  return (await api.send('POST', `${path}?fieldManager=colophon&fieldValidation=Strict`, document)) as Run;
}

async function waitForAll(api: Api, created: readonly Run[], invocation: Invocation): Promise<Run[]> {
  const seconds = number(invocation, 'timeout');
  const timeout = seconds === undefined ? undefined : AbortSignal.timeout(seconds * 1000);
  const signal = timeout === undefined ? invocation.signal : AbortSignal.any([invocation.signal, timeout]);
  const finished: Run[] = [];
  for (const item of created.filter(({ kind }) => kind.endsWith('Run'))) {
    const step = invocation.output.step(`${item.kind} ${item.metadata.name}`);
    try {
      const result = await followRun(api, item, {
        signal,
        ...(enabled(invocation, 'noLogs')
          ? {}
          : {
              onLine: (task, name, line) =>
                invocation.output.note(`${invocation.output.theme.dim(`[${task} : ${name}]`)} ${printable(line)}`),
            }),
        onChange: (_run, taskRuns) =>
          step.update(`${taskRuns.filter((child) => condition(child).status !== 'Unknown').length} of ${taskRuns.length} tasks ended`),
      });
      const { status, reason } = condition(result);
      if (status === 'True') step.done(reason);
      else step.failed(reason);
      finished.push(result);
    } catch (error) {
      if (timeout?.aborted === true)
        throw cliErrors.error('CLI_RUN_TIMEOUT', `${item.metadata.name} has not ended after ${seconds} s; it goes on`);
      throw error;
    }
  }
  return finished;
}
