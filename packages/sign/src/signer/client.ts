import type { IpcClient } from '@colophon/core';
import type { Envelope } from '../dsse/envelope.ts';
import type { SignerClient, SignerKeys } from './requests.ts';

/**
 * The signer behind its private socket. `connection` is asked at each call, so that a restarted signer is found again; a call that was under way
 * when it went away rejects with CORE_IPC_CLOSED and may be repeated.
 */
export function signerClient(connection: () => IpcClient | Promise<IpcClient>): SignerClient {
  const call = async <Result>(method: string, params: unknown) => (await connection()).call<Result>(method, params);
  const bytes = (text: string) => Buffer.from(text, 'base64');
  return {
    publicKeys: () => call<SignerKeys>('publicKeys', {}),
    signStatement: (statement) => call<Envelope>('signStatement', { statement }),
    async signSimpleSigning(request) {
      const { payload, signature } = await call<{ payload: string; signature: string }>('signSimpleSigning', request);
      return { payload: bytes(payload), signature };
    },
    signCheckpoint: async (request) => bytes(await call<string>('signCheckpoint', request)),
    signEntryTimestamps: async (entries) => (await call<string[]>('signEntryTimestamps', { entries })).map(bytes),
  };
}
