import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { dataDirectory, type Api } from '../../client/api.ts';
import { enabled, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { followRun } from '../../kube/follow.ts';
import { condition, type Run } from '../../kube/objects.ts';
import { printable } from '../../output/table.ts';
import { examplesDirectory } from '../../program/places.ts';
import { serverFlags } from '../server/command.ts';
import { backgroundServer } from './background-server.ts';
import { furtherCommands } from './further-commands.ts';
import { readPipeline, registerRepository, submitPipeline, waitForAttestation, type AttestedBuild } from './pipeline.ts';
import { makeRepository } from './repository.ts';
import { makeStepImages } from './step-images.ts';
import { proveImages } from './prove.ts';

export const run: Handler = async (invocation) => {
  const { output, signal } = invocation;
  const data = dataDirectory(invocation);
  // Whose keys the rebuild believes: its own --data is that of the second server.
  process.env['COLOPHON_DATA'] = data;
  const examples = examplesDirectory();

  const starting = output.step('Server');
  const server = await backgroundServer(data, serverArguments(invocation, data), signal);
  const { api } = server;
  starting.done(`${api.url}${server.started ? '' : ' (was running)'}, data in ${data}`);
  try {
    const making = output.step('Step images, from locked Debian packages');
    const values = await makeStepImages(api, making);
    making.done(
      Object.values(values)
        .map((reference) => reference.slice(reference.indexOf('/') + 1, reference.indexOf('@') + 20))
        .join(', '),
    );

    const committing = output.step('Git repository from the examples');
    const repository = await makeRepository(examples, join(data, 'quickstart'));
    const secret = await registerRepository(api, 'distroless', repository.uri);
    await writeFile(join(data, 'quickstart', 'webhook.secret'), `${secret}\n`, { mode: 0o600 });
    committing.done(`${repository.path} at ${repository.commit.slice(0, 12)}`);

    const registry = new URL(api.url).host;
    const pipeline = await readPipeline(join(examples, '.tekton', 'push.yaml'), {
      ...values,
      registry,
      repo_url: repository.uri,
      revision: repository.commit,
    });
    await writeFile(join(data, 'quickstart', 'run.yaml'), stringify(pipeline));
    const finished = await runPipeline(api, pipeline, invocation);

    const attesting = output.step('Provenance: signed, logged, stored beside the images');
    const build = await waitForAttestation(api, finished, signal);
    attesting.done(`${build.images.length} images, log index ${build.logIndex}`);

    const proof = await proveImages({
      api,
      data,
      hello: imageOf(build, 'hello'),
      cc: imageOf(build, 'cc'),
      source: { uri: repository.uri, commit: repository.commit },
      rebuild: !enabled(invocation, 'noRebuild'),
      invocation,
    });
    const commands = furtherCommands({ api, data, build, hello: imageOf(build, 'hello') });
    return {
      data: {
        server: { url: api.url, pid: server.pid, data },
        run: finished.metadata.name,
        commit: repository.commit,
        images: build.images,
        logIndex: build.logIndex,
        uuid: build.uuid,
        proof: proof.data,
        commands,
      },
      text: (out) =>
        `${proof.text(out)}\n\n${out.theme.bold('Go on with')}\n${commands.map(({ brief, command }) => `  ${out.theme.dim(`# ${brief}`)}\n  ${command}`).join('\n')}\n`,
      exit: proof.proven ? 0 : 6,
    };
  } finally {
    if (enabled(invocation, 'stop')) process.kill(server.pid, 'SIGTERM');
  }
};

export function imageOf(build: AttestedBuild, name: string): AttestedBuild['images'][number] {
  const found = build.images.find(
    ({ repository, reference }) => repository.endsWith(`/${name}`) && (reference.endsWith(':latest') || name === 'hello'),
  );
  if (found === undefined) throw cliErrors.error('CLI_NOT_FOUND', `the run produced no image ${name}`);
  return found;
}

async function runPipeline(api: Api, pipeline: Run, { output, signal }: Invocation): Promise<Run> {
  const created = await submitPipeline(api, pipeline);
  const step = output.step(`PipelineRun ${created.metadata.name}: static, base, cc and hello`);
  const last: string[] = [];
  const finished = await followRun(api, created, {
    signal,
    onLine: (task, name, line) => {
      last.push(`[${task} : ${name}] ${printable(line)}`);
      if (last.length > 30) last.shift();
      step.update(`${task}: ${printable(line).slice(0, 100)}`);
    },
  });
  const { status, reason, message } = condition(finished);
  if (status === 'True') {
    step.done(reason);
    return finished;
  }
  step.failed(reason);
  for (const line of last) output.note(`  ${line}`);
  throw cliErrors.error('CLI_RUN_FAILED', `${created.metadata.name}: ${reason}: ${message}`, {
    hint: `colophon runs show ${created.metadata.name}`,
  });
}

/** The server's own options as they were given here, the example repositories allowed. */
function serverArguments(invocation: Invocation, data: string): string[] {
  const args = ['--data', data, '--allow-source', 'file', '--source-root', join(data, 'quickstart')];
  for (const name of Object.keys(serverFlags)) {
    const value = invocation.flags[name];
    if (['data', 'allowSource', 'sourceRoot'].includes(name) || value === undefined) continue;
    const option = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    for (const one of (Array.isArray(value) ? value : [value]) as (string | number)[]) args.push(option, String(one));
  }
  return args;
}
