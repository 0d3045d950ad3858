import { logErrors } from '../errors.ts';
import { maxEntry } from '../tiles/layout.ts';
import { prepareDsse } from './dsse.ts';
import { fieldsOf, textOf } from './fields.ts';
import { prepareHashedrekord } from './hashedrekord.ts';
import { prepareIntoto001, prepareIntoto002 } from './intoto.ts';
import type { PreparedEntry, PrepareOptions } from './prepared.ts';

const kinds: Readonly<Record<string, (spec: unknown, options: PrepareOptions) => PreparedEntry>> = {
  'hashedrekord 0.0.1': prepareHashedrekord,
  'dsse 0.0.1': prepareDsse,
  'intoto 0.0.1': prepareIntoto001,
  'intoto 0.0.2': prepareIntoto002,
};

/**
 * Checks a proposed entry {kind, apiVersion, spec}, signatures included, and gives its canonical body and
 * index keys. Pure and costly (asymmetric cryptography): runs in a worker. Throws LOG_ENTRY_*.
 */
export function prepareEntry(proposed: unknown, options: PrepareOptions): PreparedEntry {
  const { kind, apiVersion, spec } = fieldsOf(proposed, 'the proposed entry');
  const name = `${textOf(kind, 'kind')} ${textOf(apiVersion, 'apiVersion')}`;
  const prepare = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (prepare === undefined) {
    throw logErrors.error('LOG_ENTRY_KIND', `entries of kind ${JSON.stringify(name.slice(0, 80))} are not supported`, {
      hint: `Supported: ${Object.keys(kinds).join(', ')}.`,
    });
  }
  const prepared = prepare(spec, options);
  if (prepared.body.length > maxEntry) {
    throw logErrors.error(
      'LOG_ENTRY_TOO_LARGE',
      `the canonical entry has ${prepared.body.length} bytes; a log entry has at most ${maxEntry}`,
    );
  }
  return prepared;
}
