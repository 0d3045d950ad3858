import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errorCode } from '@colophon/core';
import { generateKeyPair, loadPublicKey } from '@colophon/sign';
import { durable } from '@colophon/store';
import { text, type Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { password } from '../../files/password.ts';

export const run: Handler = async (invocation) => {
  const prefix = text(invocation, 'out') ?? 'cosign';
  const algorithm = text(invocation, 'algorithm') === 'ed25519' ? 'ed25519' : 'ecdsa-p256';
  const [privatePath, publicPath] = [`${prefix}.key`, `${prefix}.pub`];
  for (const path of [privatePath, publicPath]) if (await exists(path)) throw present(path);
  const pair = await generateKeyPair(await password(invocation, privatePath, true), algorithm);
  await create(privatePath, pair.private, 0o600);
  await create(publicPath, pair.public, 0o644);
  const { spkiSha256 } = loadPublicKey(pair.public);
  return {
    data: { private: privatePath, public: publicPath, algorithm, spkiSha256 },
    text: ({ theme }) => `${theme.marks.passed} ${privatePath} and ${publicPath}  ${theme.dim(`${algorithm}, sha256:${spkiSha256}`)}`,
  };
};

async function create(path: string, content: string, mode: number): Promise<void> {
  try {
    if (await durable.createFile(resolve(path), content, { mode })) return;
  } catch (cause) {
    if (errorCode(cause) === 'STORE_DISK_FULL') throw cause;
    throw cliErrors.error('CLI_FILE_INVALID', `cannot write ${path}: ${(cause as Error).message}`, { cause });
  }
  throw present(path);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function present(path: string) {
  return cliErrors.error('CLI_FILE_EXISTS', `${path} is there already`, { hint: 'Name another with --out; a key is never replaced.' });
}
