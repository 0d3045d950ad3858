import { decodePem } from '@colophon/core';
import { loadKey, loadPublicKey, type VerifyingKey } from '@colophon/sign';
import { connect } from '../../client/api.ts';
import { enabled, text, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { password } from '../../files/password.ts';
import { readText } from '../../files/read.ts';

export const run: Handler = async (invocation) => {
  const [file] = invocation.args;
  if (file !== undefined && (text(invocation, 'server') !== undefined || enabled(invocation, 'log')))
    throw cliErrors.error('CLI_USAGE', 'name either a key file or a server');
  const { key, source } = file === undefined ? await ofServer(invocation) : { key: await ofFile(file, invocation), source: file };
  const { pem, algorithm, spkiSha256, openSshFingerprint, hint } = key;
  return { data: { source, algorithm, spkiSha256, openSshFingerprint, hint, pem }, text: () => pem };
};

async function ofFile(file: string, invocation: Invocation): Promise<VerifyingKey> {
  const pem = await readText(file);
  const [block] = decodePem(pem);
  if (block === undefined) throw cliErrors.error('CLI_FILE_INVALID', `${file} holds no key in PEM`);
  if (/^(?:RSA )?PUBLIC KEY$/.test(block.label)) return loadPublicKey(pem);
  const secret = block.label.startsWith('ENCRYPTED') ? await password(invocation, file, false) : '';
  return (await loadKey(pem, secret)).publicKey;
}

async function ofServer(invocation: Invocation): Promise<{ key: VerifyingKey; source: string }> {
  const api = await connect(invocation);
  const path = enabled(invocation, 'log') ? '/trust/log.pub' : '/trust/provenance.pub';
  let pem = '';
  for await (const chunk of await api.stream(path, invocation.signal)) {
    pem += Buffer.from(chunk).toString('latin1');
    if (pem.length > 65_536) break;
  }
  return { key: loadPublicKey(pem), source: `${api.url}${path}` };
}
