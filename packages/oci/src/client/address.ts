import { isIP } from 'node:net';
import { ociErrors } from '../errors.ts';

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
}

function isLoopbackHost(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    (isIP(host) === 4 && host.startsWith('127.')) ||
    host === '::1' ||
    host.startsWith('::ffff:7f')
  );
}

/** This machine, or what only it can reach: link-local addresses are where clouds keep their secrets. */
function isInternalHost(host: string): boolean {
  return (
    isLoopbackHost(host) ||
    host === '0.0.0.0' ||
    host === '::' ||
    (isIP(host) === 4 && host.startsWith('169.254.')) ||
    /^(fe[89ab]|::ffff:a9fe)/.test(host)
  );
}

/** `HOST[:PORT]` that is this machine: spoken to in plain http, as every client does. */
export function isLoopback(registry: string): boolean {
  return URL.canParse(`http://${registry}`) && isLoopbackHost(hostOf(new URL(`http://${registry}`)));
}

export function baseUrl(registry: string, insecure: boolean): URL {
  const host = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  if (!URL.canParse(`https://${host}/`) || new URL(`https://${host}/`).pathname !== '/')
    throw ociErrors.error('OCI_REFERENCE_INVALID', `not a registry: ${JSON.stringify(registry.slice(0, 300))}`);
  return new URL(`${insecure ? 'http' : 'https'}://${host}`);
}

/**
 * Refuses a place that a registry sends us to (redirect, upload location, token realm), if it could not have sent its own clients there in good faith:
 * from https to plain http, or from elsewhere to this machine's own services. OCI_REGISTRY_FAILED.
 */
export function checkPlace(base: URL, target: URL, what: string): void {
  const plain = target.protocol === 'http:';
  const reason =
    target.protocol !== 'https:' && !plain
      ? 'which is not http'
      : plain && base.protocol === 'https:'
        ? 'in plain http'
        : plain && isLoopbackHost(hostOf(base)) && !isLoopbackHost(hostOf(target))
          ? 'in plain http, elsewhere'
          : isInternalHost(hostOf(target)) && !isInternalHost(hostOf(base))
            ? 'on this machine'
            : undefined;
  if (reason !== undefined) throw ociErrors.error('OCI_REGISTRY_FAILED', `${base.host} ${what} ${target.origin}, ${reason}`);
}
