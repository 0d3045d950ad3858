import { loadKeyring, machineMirrors } from '@colophon/debian';
import type { Finding } from '@colophon/runner';
import { heardDate, type HeardDate } from './clock.ts';

const timeout = 8000;

/** Debian's mirrors and keyrings: without them nothing can be locked or fetched. */
export async function archiveFindings(ask: boolean): Promise<{ findings: Finding[]; dates: HeardDate[] }> {
  const { archive, security } = machineMirrors();
  const dates: HeardDate[] = [];
  const mirror = async (name: string, urls: readonly string[], path: string): Promise<Finding> => {
    const [url] = urls;
    if (url === undefined) {
      return {
        name,
        state: 'missing',
        found: 'none known',
        advice: 'Set COLOPHON_DEBIAN_MIRROR and COLOPHON_DEBIAN_SECURITY_MIRROR, or add Debian to the apt sources of this machine.',
      };
    }
    const host = new URL(url).host;
    if (!ask) return { name, state: 'good', found: `${host}, not asked` };
    try {
      const response = await fetch(`${url}/${path}`, { method: 'HEAD', signal: AbortSignal.timeout(timeout) });
      dates.push(...heardDate(host, response.headers.get('date')));
      if (response.ok) return { name, state: 'good', found: `${host} answers` };
      return { name, state: 'missing', found: `${host} answers ${response.status}`, advice: 'Name another mirror.' };
    } catch (error) {
      const cause = (error as { cause?: Error }).cause ?? (error as Error);
      return {
        name,
        state: 'missing',
        found: `${host} does not answer: ${cause.message}`,
        advice: 'See to the network, or name another mirror.',
      };
    }
  };
  const findings = await Promise.all([
    mirror('Debian archive', archive, 'dists/stable/InRelease'),
    mirror('security archive', security, 'dists/stable-security/InRelease'),
    keyrings(),
  ]);
  return { findings, dates };
}

async function keyrings(): Promise<Finding> {
  const name = 'archive keyrings';
  try {
    const { keys, files } = await loadKeyring();
    return { name, state: 'good', found: `${keys.length} keys in ${files.length} files` };
  } catch (error) {
    return { name, state: 'missing', found: (error as Error).message, advice: 'apt-get install debian-archive-keyring' };
  }
}
