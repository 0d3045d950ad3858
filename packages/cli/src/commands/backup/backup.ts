import { createBackup } from '@colophon/server';
import { dataDirectory } from '../../client/api.ts';
import { enabled, type Handler } from '../../command/command.ts';
import { bytes } from '../../output/table.ts';
import { version } from '../../version.ts';

export const run: Handler = async (invocation) => {
  const [file = ''] = invocation.args;
  const data = dataDirectory(invocation);
  const step = invocation.output.step(`Backing up ${data}`);
  const result = await createBackup({
    data,
    file,
    withKeys: enabled(invocation, 'withKeys'),
    program: version(),
    signal: invocation.signal,
    onProgress: ({ part, files, bytes: done }) => step.update(`${part}: ${files} files, ${bytes(done)}`),
  });
  step.done();
  return {
    data: { data, ...result },
    text: ({ theme }) =>
      [
        `${theme.marks.passed} ${result.file}  ${theme.dim(`${result.files} files, ${bytes(result.bytes)}, ${result.logSize} log entries`)}`,
        result.keys
          ? `  ${theme.warn('It holds the private keys')}: keep it as you keep them.`
          : '  Without the private keys: keep DATA/keys elsewhere, or there will be nothing to sign with.',
      ].join('\n'),
  };
};
