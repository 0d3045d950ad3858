import { readFile, stat } from 'node:fs/promises';
import { cliErrors } from '../errors.ts';

const limit = 16 << 20;

/** A file that a person named: text, at most 16 MiB. `-` is standard input. Throws CLI_FILE_INVALID. */
export async function readText(path: string): Promise<string> {
  try {
    if (path === '-') return await readStandardInput();
    const { size } = await stat(path);
    if (size > limit) throw new Error(`it has ${size} bytes; the limit is ${limit}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function readStandardInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > limit) throw new Error(`more than ${limit} bytes`);
  }
  return text;
}
