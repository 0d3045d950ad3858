import { serveIpc, type IpcServer } from '@colophon/core';
import { only } from './checks.ts';
import type { SignerClient } from './requests.ts';

/** Serves a signer over a private socket (0600). Signatures and payloads cross it as base64. */
export function serveSigner(socketPath: string, signer: SignerClient): Promise<IpcServer> {
  const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');
  const member = (params: unknown, name: string) => only(params, [name])[name];
  return serveIpc(socketPath, {
    publicKeys: () => signer.publicKeys(),
    signStatement: (params) => signer.signStatement(member(params, 'statement') as never),
    async signSimpleSigning(params) {
      const { payload, signature } = await signer.signSimpleSigning(params);
      return { payload: base64(payload), signature };
    },
    signCheckpoint: async (params) => base64(await signer.signCheckpoint(params)),
    async signEntryTimestamp(params) {
      const [signature] = await signer.signEntryTimestamps([params]);
      return base64(signature as Buffer);
    },
    signEntryTimestamps: async (params) => (await signer.signEntryTimestamps(member(params, 'entries') as never)).map(base64),
  });
}
