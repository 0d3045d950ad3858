import { parseDocument } from 'yaml';
import { cliErrors } from '../errors.ts';
import { readText } from './read.ts';

/** One YAML (or JSON) document. Duplicate keys are refused and aliases are few, so that no file can grow in memory. */
export async function readYaml(path: string): Promise<unknown> {
  const document = parseDocument(await readText(path), { uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined) throw cliErrors.error('CLI_FILE_INVALID', `${path}: ${problem.message}`);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `${path}: ${(cause as Error).message}`, { cause });
  }
}
