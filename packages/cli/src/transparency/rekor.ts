import { createPublicKey, type KeyObject } from 'node:crypto';
import { errorCode } from '@colophon/core';
import { connect, connectionFlags, createApi, type Api } from '../client/api.ts';
import { text, type Flag, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { readText } from '../files/read.ts';
import { parseEntries, type RekorEntry } from './entry.ts';

/** Options of every command that reads a log. */
export const logFlags: Readonly<Record<string, Flag>> = {
  ...Object.fromEntries(Object.entries(connectionFlags).filter(([name]) => name !== 'namespace')),
  rekorUrl: { kind: 'text', placeholder: 'URL', brief: 'Any log with the Rekor v1 API (default: the server’s own)' },
  logKey: {
    kind: 'text',
    placeholder: 'FILE',
    brief: 'Public key of the log, PEM (default: what the server says at /trust/log.pub, which proves only that it agrees with itself)',
  },
};

/** A log with the key that its proofs are held against. */
export interface Rekor {
  readonly url: string;
  readonly key: KeyObject;
  /** Where the key is from, in words. */
  readonly keySource: string;
  /** True: the caller brought the key. False: it is the log's own word. */
  readonly keyIsGiven: boolean;
  entry(which: { index: number } | { uuid: string }): Promise<RekorEntry>;
  /** Identifiers of entries, as the log gives them. */
  search(query: Readonly<Record<string, unknown>>): Promise<readonly string[]>;
  info(): Promise<Readonly<Record<string, unknown>>>;
}

export async function openRekor(invocation: Invocation): Promise<Rekor> {
  const given = text(invocation, 'rekorUrl');
  if (given !== undefined && !/^https?:\/\//.test(given)) throw cliErrors.error('CLI_USAGE', `not the address of a log: ${given}`);
  const api = given === undefined ? await connect(invocation) : createApi(given.replace(/\/+$/, ''), undefined);
  const file = text(invocation, 'logKey');
  return {
    url: api.url,
    ...(await logKey(api, file)),
    keyIsGiven: file !== undefined,
    async entry(which) {
      const name = 'uuid' in which ? which.uuid : String(which.index);
      const query = 'uuid' in which ? `/${which.uuid}` : `?logIndex=${which.index}`;
      const answer = await api.get(`/api/v1/log/entries${query}`).catch((error: unknown) => {
        if (errorCode(error) !== 'CLI_NOT_FOUND') throw error;
        throw cliErrors.error('CLI_NOT_FOUND', `the log ${api.url} has no entry ${name}`, { cause: error });
      });
      const [only, ...others] = parseEntries(answer);
      if (only === undefined || others.length > 0)
        throw cliErrors.error('CLI_LOG_ANSWER', `the log gave ${others.length + (only ? 1 : 0)} entries for one`);
      return only;
    },
    async search(query) {
      const found = await api.send('POST', '/api/v1/index/retrieve', query);
      if (!Array.isArray(found) || !found.every((id) => typeof id === 'string' && isUuid(id)))
        throw cliErrors.error('CLI_LOG_ANSWER', 'the log’s answer to a search is no list of entry ids');
      return found as string[];
    },
    async info() {
      const found = await api.get('/api/v1/log');
      if (typeof found !== 'object' || found === null || Array.isArray(found))
        throw cliErrors.error('CLI_LOG_ANSWER', 'the log’s description of itself is no object');
      return found as Record<string, unknown>;
    },
  };
}

/** 64 hexadecimal digits, or 80 with the tree's id before them. */
export function isUuid(id: string): boolean {
  return /^(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{80})$/.test(id);
}

async function logKey(api: Api, file: string | undefined): Promise<{ key: KeyObject; keySource: string }> {
  const from = file ?? `${api.url}/trust/log.pub`;
  const pem = file === undefined ? await ownWord(api) : await readText(file);
  try {
    return { key: createPublicKey(pem), keySource: from };
  } catch (cause) {
    throw cliErrors.error('CLI_FILE_INVALID', `${from} is not a public key in PEM`, { cause });
  }
}

async function ownWord(api: Api): Promise<string> {
  let answer = '';
  try {
    for await (const chunk of await api.stream('/trust/log.pub')) {
      answer += Buffer.from(chunk).toString('latin1');
      if (answer.length > 65_536) break;
    }
  } catch (cause) {
    if (errorCode(cause) === 'CLI_SERVER_UNREACHABLE') throw cause;
    throw cliErrors.error('CLI_USAGE', `${api.url} does not say its log’s key: name the key with --log-key`, {
      cause,
      hint: `A Rekor log gives it at ${api.url}/api/v1/log/publicKey; check it against what you know before you trust it.`,
    });
  }
  return answer;
}
