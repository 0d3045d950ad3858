import { ociErrors } from '../errors.ts';

/** The next page by `Link` (RFC 8288), as a path; it must be the registry's own. */
export function nextPage(response: Response, base: URL): string | undefined {
  const target = /<([^>]{1,4096})>\s*;[^,]*\brel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  if (target === undefined) return undefined;
  // Relative to the page: its path is all that a registry leaves out.
  const url = URL.canParse(target, base.href) ? new URL(target, base) : undefined;
  if (url?.host !== base.host) throw ociErrors.error('OCI_REGISTRY_FAILED', `${base.host} continues its list elsewhere`);
  return `${url.pathname}${url.search}`;
}
