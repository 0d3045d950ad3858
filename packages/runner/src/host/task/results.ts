import { readFile } from 'node:fs/promises';
import { openDirectory, openFile, readSmall } from '@colophon/oci';
import { nothingLeftOut, type Without } from '../sandbox/protections.ts';

/**
 * Reads the result files that steps left. They are a stranger's: no link is followed, nothing but regular files is opened, and the size is bounded. A result that
 * cannot be taken is named with the reason; a missing one is simply not there.
 */
export async function readResults(
  folder: string,
  names: readonly string[],
  limit: number,
  without: Without = nothingLeftOut,
): Promise<{ results: Record<string, string>; refused: Record<string, string> }> {
  const results: Record<string, string> = {};
  const refused: Record<string, string> = {};
  const root = await openDirectory(folder);
  try {
    for (const name of names) {
      // Only in the test of why links are not followed.
      if (without.has('no-follow')) results[name] = await readFile(`${folder}/${name}`, 'utf8');
      const file = await openFile(root, [name]).catch((error: unknown) => error);
      if (file instanceof Error) {
        if (!file.message.endsWith('is missing')) refused[name] = file.message;
        continue;
      }
      await (file as { handle: { close(): Promise<void> } }).handle.close();
      try {
        const bytes = await readSmall(root, [name], limit);
        results[name] = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      } catch (error) {
        refused[name] = error instanceof TypeError ? 'it is not UTF-8' : (error as Error).message;
      }
    }
  } finally {
    await root.close();
  }
  return { results, refused };
}
