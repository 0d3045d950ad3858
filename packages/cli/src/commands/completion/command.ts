import type { Command } from '../../command/command.ts';

export const completion: Command = {
  brief: 'Print a script that completes commands and options in a shell',
  examples: [
    { command: 'completion bash > ~/.local/share/bash-completion/completions/colophon', brief: 'Install for bash' },
    { command: 'completion fish > ~/.config/fish/completions/colophon.fish', brief: 'Install for fish' },
  ],
  args: [{ placeholder: 'SHELL', brief: 'bash, zsh or fish' }],
  load: () => import('./run.ts'),
};
