import { sourceErrors } from '../errors.ts';

export interface GitAddress {
  /** As provenance names it: `git+https://host/path`. Never holds credentials. */
  readonly uri: string;
  /** What is handed to git: an https, http or ssh URL, or an absolute path for `file`. */
  readonly remote: string;
  readonly protocol: 'https' | 'http' | 'ssh' | 'file';
}

/**
 * Accepts `git+https://…`, `https://…`, `git+ssh://…`, `git+file:///…`. Anything else is refused: `ext::`, options, relative
 * paths and user:password pairs come from a run that a stranger may have written.
 */
export function parseGitUri(text: string): GitAddress {
  const match = /^(?:git\+)?(https?|ssh|file):\/\/([^\s]*)$/.exec(text);
  const protocol = match?.[1] as GitAddress['protocol'] | undefined;
  if (protocol === undefined || /[\0-\x20\x7f\\]/.test(text)) {
    throw sourceErrors.error('SOURCE_URI_REFUSED', `not a git address: ${JSON.stringify(text.slice(0, 300))}`, {
      hint: 'Use git+https://HOST/PATH, git+ssh://HOST/PATH or git+file:///PATH.',
    });
  }
  let url: URL;
  try {
    url = new URL(`${protocol}://${match?.[2]}`);
  } catch (cause) {
    throw sourceErrors.error('SOURCE_URI_REFUSED', `not a git address: ${JSON.stringify(text.slice(0, 300))}`, { cause });
  }
  if (url.password !== '' || (url.username !== '' && protocol !== 'ssh') || url.search !== '' || url.hash !== '') {
    throw sourceErrors.error('SOURCE_URI_REFUSED', 'a git address holds no credentials, query or fragment');
  }
  if (protocol === 'file') {
    if (url.host !== '' || url.pathname === '/') throw sourceErrors.error('SOURCE_URI_REFUSED', 'git+file:// takes an absolute path');
    return { uri: `git+file://${url.pathname}`, remote: decodeURIComponent(url.pathname), protocol };
  }
  if (url.hostname.startsWith('-') || decodeURIComponent(url.username).startsWith('-')) {
    throw sourceErrors.error('SOURCE_URI_REFUSED', 'a host name does not start with a dash');
  }
  return { uri: `git+${url.href}`, remote: url.href, protocol };
}
