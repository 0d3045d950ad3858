import type { Handler } from '../../command/command.ts';
import { cliErrors } from '../../errors.ts';
import { isUuid, openRekor } from '../../transparency/rekor.ts';
import { entryText, keyText, logFacts, reportEntry } from '../../transparency/report.ts';
import type { Proof } from '../../transparency/prove.ts';

export const run: Handler = async (invocation) => {
  const [which = ''] = invocation.args;
  const byIndex = /^(?:0|[1-9][0-9]{0,14})$/.test(which);
  if (!byIndex && !isUuid(which))
    throw cliErrors.error(
      'CLI_USAGE',
      `${JSON.stringify(which.slice(0, 100))} is neither an index nor an id of 64 or 80 hexadecimal digits`,
    );
  const rekor = await openRekor(invocation);
  const entry = await rekor.entry(byIndex ? { index: Number(which) } : { uuid: which.toLowerCase() });
  const asked = byIndex ? entry.logIndex === Number(which) : entry.uuid.endsWith(which.toLowerCase().slice(-64));
  // A hostile log may answer with another, true entry.
  const extra: Proof[] = asked ? [] : [{ name: 'id', outcome: 'failed', message: `the log answered with another entry than ${which}` }];
  const reported = reportEntry(entry, rekor, extra);
  return {
    data: { log: logFacts(rekor), entry: reported.report },
    text: ({ theme }) => `${entryText(reported, theme)}\n${keyText(rekor, theme)}`,
    exit: reported.report.verdict === 'proven' ? 0 : 5,
  };
};
