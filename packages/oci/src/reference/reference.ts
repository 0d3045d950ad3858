import { isDigest, type Digest } from '@colophon/core';
import { ociErrors } from '../errors.ts';

export interface Reference {
  /** `HOST` or `HOST:PORT`. */
  readonly registry: string;
  /** Path within the registry. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** distribution-spec, "Pulling manifests". */
const namePattern = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const tagPattern = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const hostPattern = /^(?:[a-zA-Z0-9-]{1,63}(?:\.[a-zA-Z0-9-]{1,63})*|\[[0-9a-fA-F:.]{2,45}\])(?::([0-9]{1,5}))?$/;

/** 255 bytes is where clients and file systems draw the line. */
export function isRepositoryName(name: string): boolean {
  return name.length <= 255 && namePattern.test(name);
}

export function isTag(tag: string): boolean {
  return tagPattern.test(tag);
}

function isHost(text: string): boolean {
  const match = text.length <= 260 ? hostPattern.exec(text) : null;
  return match !== null && (match[1] === undefined || Number(match[1]) <= 65_535) && !/(^|\.)-|-(\.|:|$)/.test(text);
}

/**
 * `[HOST[:PORT]/]PATH[:TAG][@DIGEST]`. The first part is a host if it has a dot, a port or a capital letter or is `localhost`; otherwise the host is
 * docker.io, as every client reads it, with `library/` before a bare name. Without tag and digest, the tag is left out: the caller decides what it
 * means. OCI_REFERENCE_INVALID.
 */
export function parseReference(text: string): Reference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const named = at < 0 ? text : text.slice(0, at);
  const slash = named.indexOf('/');
  const first = slash < 0 ? '' : named.slice(0, slash);
  const hasHost = /[.:A-Z]/.test(first) || first === 'localhost';
  const registry = !hasHost || first === 'index.docker.io' ? 'docker.io' : first;
  const path = hasHost ? named.slice(slash + 1) : named;
  const colon = path.lastIndexOf(':');
  const tag = colon < 0 ? undefined : path.slice(colon + 1);
  const bare = colon < 0 ? path : path.slice(0, colon);
  const repository = registry === 'docker.io' && !bare.includes('/') ? `library/${bare}` : bare;
  const problem = !isHost(registry)
    ? 'the registry is not a host name'
    : !isRepositoryName(repository)
      ? 'the repository is not a name of lower-case parts'
      : tag !== undefined && !isTag(tag)
        ? 'the tag is malformed'
        : digest !== undefined && !isDigest(digest)
          ? 'the digest is malformed'
          : undefined;
  if (problem !== undefined) {
    throw ociErrors.error('OCI_REFERENCE_INVALID', `not an image reference: ${JSON.stringify(text.slice(0, 300))}: ${problem}`, {
      hint: 'Write HOST/NAME:TAG or HOST/NAME@sha256:DIGEST.',
    });
  }
  return { registry, repository, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest: digest as Digest }) };
}

/** What to ask a registry for: the digest if there is one, else the tag, else `latest`. */
export function referenceTarget({ tag, digest }: Reference): string {
  return digest ?? tag ?? 'latest';
}

export function formatReference({ registry, repository, tag, digest }: Reference): string {
  return `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;
}
