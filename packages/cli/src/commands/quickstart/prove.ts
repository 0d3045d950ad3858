import type { Api } from '../../client/api.ts';
import type { Handler, Invocation, Result } from '../../command/command.ts';
import type { Output } from '../../output/output.ts';
import { run as rebuild } from '../rebuild/run.ts';
import { run as verify } from '../verify/run.ts';
import type { AttestedBuild } from './pipeline.ts';

export interface Proof {
  readonly proven: boolean;
  readonly data: unknown;
  text(output: Output): string;
}

export interface ProveOptions {
  readonly api: Api;
  readonly data: string;
  readonly hello: AttestedBuild['images'][number];
  readonly cc: AttestedBuild['images'][number];
  /** The repository and commit that the provenance must name. */
  readonly source: { readonly uri: string; readonly commit: string };
  readonly rebuild: boolean;
  readonly invocation: Invocation;
}

/** Verifies hello and cc by digest and rebuilds cc from nothing but its digest: the same commands that anybody runs, with the keys of this data directory. */
export async function proveImages(options: ProveOptions): Promise<Proof> {
  const { hello, cc, invocation, api, data, source } = options;
  const { output } = invocation;
  const results: { title: string; result: Result }[] = [];
  const attempt = async (
    title: string,
    handler: Handler,
    image: AttestedBuild['images'][number],
    flags: Readonly<Record<string, unknown>>,
  ) => {
    const step = output.step(title);
    const quiet: Output = { ...output, step: () => ({ update: step.update, done: () => {}, failed: () => {} }), note: () => {} };
    const result = await handler({
      flags: { server: api.url, ...flags },
      args: [`${image.repository}@${image.digest}`],
      output: quiet,
      signal: invocation.signal,
    });
    if ((result.exit ?? 0) === 0) step.done(image.digest);
    else step.failed(`exit code ${result.exit}`);
    results.push({ title, result });
  };
  const expected = { data, type: ['slsaprovenance1'], sourceUri: source.uri, sourceCommit: source.commit };
  await attempt('Verify hello by digest', verify, hello, expected);
  await attempt('Verify cc by digest', verify, cc, expected);
  if (options.rebuild)
    await attempt('Rebuild cc from its digest, in an empty data directory', rebuild, cc, {
      accept: 'digest-identical',
      sourceUri: source.uri,
      sourceCommit: source.commit,
    });
  return {
    proven: results.every(({ result }) => (result.exit ?? 0) === 0),
    data: results.map(({ title, result }) => ({ title, exit: result.exit ?? 0, result: result.data })),
    text: (out) => results.map(({ title, result }) => `${out.theme.bold(title)}\n${result.text(out)}`).join('\n\n'),
  };
}
