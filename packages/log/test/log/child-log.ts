// A log in a process of its own, that the crash test kills: serves on loopback until then.
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { serveLog } from '../server.ts';
import { openTestLog, testSigner } from '../support.ts';

const [, , path, privateKeyPem] = process.argv as unknown as [string, string, string, string];
const privateKey = createPrivateKey(privateKeyPem);
const log = await openTestLog(path, testSigner({ privateKey, publicKey: createPublicKey(privateKey) }));
const { url } = await serveLog(log);
process.stdout.write(`${url}\n`);
