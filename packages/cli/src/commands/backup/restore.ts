import { restoreBackup } from '@colophon/server';
import { dataDirectory } from '../../client/api.ts';
import { text, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { bytes } from '../../output/table.ts';

export const run: Handler = async (invocation) => {
  const [file = ''] = invocation.args;
  // Named here, not taken from a default: what a restore writes is what a server will believe.
  if (text(invocation, 'data') === undefined) throw cliErrors.error('CLI_USAGE', 'name the directory: --data DIR');
  const data = dataDirectory(invocation);
  const step = invocation.output.step(`Restoring ${file}`);
  const result = await restoreBackup({
    file,
    data,
    signal: invocation.signal,
    onProgress: ({ files, bytes: done }) => step.update(`${files} files, ${bytes(done)}`),
  });
  step.done();
  return {
    data: result,
    text: ({ theme }) =>
      [
        `${theme.marks.passed} ${result.data}  ${theme.dim(`${result.files} files, ${bytes(result.bytes)}, of ${result.created}`)}`,
        result.keys
          ? `  Start it: colophon server --data ${result.data}`
          : `  ${theme.warn('The private keys are not in it')}: put provenance.key, log.key (and the password) into ${result.data}/keys before the server starts, or it makes new ones and refuses the log.`,
      ].join('\n'),
  };
};
