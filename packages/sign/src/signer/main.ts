import { parseArgs } from 'node:util';
import { toErrorRecord } from '@colophon/core';
import { hardenOnce } from './harden.ts';
import { startSigner } from './start.ts';

/*
 * The signer process: `main.js --keys DIRECTORY --socket PATH [--password-file FILE] [--no-require-consistency]`. It ends when its standard input
 * ends, so that it never outlives the process that started it.
 */
hardenOnce(process.argv[1] ?? import.meta.filename, process.argv.slice(2));

const { values } = parseArgs({
  options: {
    keys: { type: 'string' },
    socket: { type: 'string' },
    'password-file': { type: 'string' },
    'require-consistency': { type: 'boolean', default: true },
  },
  allowNegative: true,
});

try {
  if (values.keys === undefined || values.socket === undefined) throw new TypeError('the signer needs --keys and --socket');
  const passwordFile = values['password-file'];
  const signer = await startSigner({
    keysDirectory: values.keys,
    socketPath: values.socket,
    requireConsistency: values['require-consistency'],
    ...(passwordFile === undefined ? {} : { passwordFile }),
  });
  delete process.env['COLOPHON_KEY_PASSWORD'];
  const end = () => void signer.close().finally(() => process.exit(0));
  process.once('SIGTERM', end).once('SIGINT', end);
  process.stdin.once('end', end).once('close', end).resume();
} catch (error) {
  process.stderr.write(`${JSON.stringify(toErrorRecord(error))}\n`);
  process.exit(1);
}
