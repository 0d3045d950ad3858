import { text, type Flag, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { readText } from './read.ts';

export const passwordFlag: Readonly<Record<string, Flag>> = {
  passwordFile: {
    kind: 'text',
    placeholder: 'FILE',
    brief: 'File whose first line is the password; - is standard input (default: $COSIGN_PASSWORD, $COLOPHON_KEY_PASSWORD, else asked)',
  },
};

/**
 * The password of a key: file, $COSIGN_PASSWORD, $COLOPHON_KEY_PASSWORD, the terminal. Never the command line, where every user of the machine reads
 * it. `twice`: a new password is asked for again. Throws CLI_PASSWORD_MISSING.
 */
export async function password(invocation: Invocation, what: string, twice: boolean): Promise<string> {
  const file = text(invocation, 'passwordFile');
  if (file !== undefined) return (await readText(file)).split(/\r?\n/, 1)[0] ?? '';
  const given = process.env['COSIGN_PASSWORD'] ?? process.env['COLOPHON_KEY_PASSWORD'];
  if (given !== undefined) return given;
  if (!process.stdin.isTTY) throw cliErrors.error('CLI_PASSWORD_MISSING', `no password for ${what}`);
  const first = await ask(`Password for ${what}: `);
  if (twice && (await ask('Again: ')) !== first) throw cliErrors.error('CLI_USAGE', 'the passwords are not the same');
  return first;
}

/** Reads a line from the terminal without echo. */
async function ask(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  // Before the prompt: what is typed at once must not be echoed either.
  stdin.setRawMode(true);
  stdin.resume();
  stderr.write(prompt);
  try {
    return await new Promise<string>((resolve, reject) => {
      let line = '';
      const read = (chunk: Buffer) => {
        for (const character of chunk.toString()) {
          if (character === '\r' || character === '\n') return finish(() => resolve(line));
          if (character === '\u0003' || character === '\u0004')
            return finish(() => reject(cliErrors.error('CLI_PASSWORD_MISSING', 'no password was entered')));
          line = character === '\u007f' || character === '\b' ? line.slice(0, -1) : line + character;
        }
      };
      const finish = (settle: () => void) => {
        stdin.off('data', read);
        settle();
      };
      stdin.on('data', read);
    });
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}
