import { isDigest } from '@colophon/core';
import { number, text, type Handler, type Invocation } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { readText } from '../../files/read.ts';
import { proveMatch, type Wanted } from '../../transparency/match.ts';
import type { Proof } from '../../transparency/prove.ts';
import { signerOf } from '../../transparency/signers.ts';
import { openRekor } from '../../transparency/rekor.ts';
import { entryText, keyText, logFacts, reportEntry, type ReportedEntry } from '../../transparency/report.ts';

export const run: Handler = async (invocation) => {
  const { query, wanted: sought } = await queryOf(invocation);
  const limit = number(invocation, 'limit') ?? 20;
  if (!Number.isInteger(limit) || limit < 1) throw cliErrors.error('CLI_USAGE', '--limit is a whole number from 1');
  const rekor = await openRekor(invocation);
  const ids = await rekor.search(query);
  if (ids.length === 0) throw cliErrors.error('CLI_NOT_FOUND', `the log ${rekor.url} has no such entry`);
  const wanted = ids.slice(-limit);
  const step = invocation.output.step(`Checking ${wanted.length} entries`);
  const found: ReportedEntry[] = [];
  for (const id of wanted) {
    const entry = await rekor.entry({ uuid: id.toLowerCase() });
    const same = entry.uuid.endsWith(id.toLowerCase().slice(-64));
    const extra: Proof[] = same ? [] : [{ name: 'id', outcome: 'failed', message: `the log answered with another entry than ${id}` }];
    found.push(reportEntry(entry, rekor, [...extra, proveMatch(entry, sought)]));
    step.update(`${found.length} of ${wanted.length}`);
  }
  const unproven = found.filter(({ report }) => report.verdict !== 'proven').length;
  if (unproven === 0) step.done();
  else step.failed(`${unproven} not proven`);
  return {
    data: { log: logFacts(rekor), found: ids.length, entries: found.map(({ report }) => report) },
    text: ({ theme }) =>
      [
        ...found.map((item) => entryText(item, theme)),
        theme.dim(`${ids.length} found${ids.length > wanted.length ? `, the newest ${wanted.length} shown` : ''}`),
        keyText(rekor, theme),
      ].join('\n'),
    exit: unproven === 0 ? 0 : 5,
  };
};

async function queryOf(invocation: Invocation): Promise<{ query: Record<string, unknown>; wanted: Wanted }> {
  const sha = text(invocation, 'sha');
  const email = text(invocation, 'email');
  const file = text(invocation, 'publicKey');
  if ([sha, email, file].filter((value) => value !== undefined).length !== 1)
    throw cliErrors.error('CLI_USAGE', 'search for one of --sha, --email, --public-key');
  if (sha !== undefined) {
    const hash = sha.includes(':') ? sha : `sha256:${sha}`;
    if (!isDigest(hash) && !/^sha1:[0-9a-f]{40}$/.test(hash))
      throw cliErrors.error('CLI_USAGE', `not a digest: ${JSON.stringify(sha.slice(0, 150))}`);
    return { query: { hash }, wanted: { kind: 'digest', value: hash.slice(hash.indexOf(':') + 1) } };
  }
  if (email !== undefined) return { query: { email }, wanted: { kind: 'email', value: email } };
  const pem = await readText(file as string);
  if (!/-----BEGIN (?:PUBLIC KEY|RSA PUBLIC KEY|CERTIFICATE)-----/.test(pem))
    throw cliErrors.error('CLI_FILE_INVALID', `${file} holds no public key or certificate in PEM`);
  const content = Buffer.from(pem).toString('base64');
  return { query: { publicKey: { format: 'x509', content } }, wanted: { kind: 'signer', value: signerOf(content).sha256 ?? '' } };
}
