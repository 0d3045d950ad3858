/** An image by digest, its repository's name completed as Docker does it. */
export interface ImageName {
  /** `HOST/PATH`; Docker Hub is `index.docker.io`, with `library/` where a name has one part. */
  readonly repository: string;
  readonly sha256: string;
}

const defaultRegistry = 'index.docker.io';

/**
 * Reads `NAME[:TAG]@sha256:HEX` as go-containerregistry's name.NewDigest does (Chains takes images by it): one `@`, SHA-256 only, the tag is dropped.
 * Gives undefined for anything else.
 */
export function parseImageName(text: string): ImageName | undefined {
  const [base, digest, ...rest] = text.split('@');
  if (base === undefined || digest === undefined || rest.length > 0) return undefined;
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  const repository = completeRepository(withoutTag(base));
  return sha256 === undefined || repository === undefined ? undefined : { repository, sha256 };
}

function withoutTag(base: string): string {
  const colon = base.lastIndexOf(':');
  const tag = base.slice(colon + 1);
  return colon > 0 && /^[A-Za-z0-9_.-]{1,128}$/.test(tag) ? base.slice(0, colon) : base;
}

function completeRepository(name: string): string | undefined {
  const slash = name.indexOf('/');
  const first = name.slice(0, slash);
  const hasRegistry = slash >= 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasRegistry ? (first === 'docker.io' ? defaultRegistry : first) : defaultRegistry;
  const path = hasRegistry ? name.slice(slash + 1) : name;
  if (!/^[a-z0-9_./-]{2,255}$/.test(path) || !/^[A-Za-z0-9._-]+(:[0-9]+)?$/.test(registry)) return undefined;
  return registry === defaultRegistry && !path.includes('/') ? `${registry}/library/${path}` : `${registry}/${path}`;
}
