import { proposeCompletions, type Application, type CommandContext, type StricliProcess } from '@stricli/core';

/** What the shell scripts of `colophon completion` call: one proposal a line. */
export async function complete(app: Application<CommandContext>, inputs: readonly string[]): Promise<void> {
  const proposals = await proposeCompletions(app, inputs, { process: process as StricliProcess });
  process.stdout.write(proposals.map(({ completion }) => `${completion}\n`).join(''));
}

export const completionScripts: Readonly<Record<string, string>> = {
  bash: `_colophon() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen -W "$(colophon __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _colophon colophon
`,
  zsh: `#compdef colophon
_colophon() {
  local -a proposals
  proposals=("\${(@f)$(colophon __complete "\${words[@]:1:$((CURRENT-1))}" 2>/dev/null)}")
  compadd -- $proposals || _files
}
compdef _colophon colophon
`,
  fish: `complete -c colophon -f -a '(colophon __complete (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};
