import type { Handler } from '../../command/command.ts';
import { completionScripts } from '../../command/completion.ts';
import { cliErrors } from '../../errors.ts';

export const run: Handler = async ({ args }) => {
  const shell = args[0] ?? '';
  const script = completionScripts[shell];
  if (script === undefined)
    throw cliErrors.error('CLI_USAGE', `no completion for ${shell}`, { hint: `One of: ${Object.keys(completionScripts).join(', ')}.` });
  return { data: { shell, script }, text: () => script };
};
