import { createHash, createPublicKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLoopback, parseReference } from '@colophon/oci';
import type { Policy, TrustedRoot, TrustOptions } from '@colophon/verify';
import { dataDirectory } from '../client/api.ts';
import { many, text, type Invocation } from '../command/command.ts';
import { cliErrors } from '../errors.ts';
import { readText } from '../files/read.ts';

/** In what the verdict believes, and why. */
export interface TrustAnchor {
  readonly what: 'key' | 'log' | 'trusted root';
  /** File, policy, or the address it was fetched from. */
  readonly from: string;
  /**
   * `given`: the caller named it. `local`: the keys of this machine's own server, read from its data directory. `first-use`: fetched now from whoever
   * also serves the image: it shows that nobody else interfered since, not who that is.
   */
  readonly basis: 'given' | 'local' | 'first-use';
  /** SHA-256 of the SPKI, hex, of a key. */
  readonly sha256?: string;
}

export interface ResolvedTrust {
  readonly options: TrustOptions;
  readonly anchors: readonly TrustAnchor[];
}

interface Found {
  readonly keys: string[];
  readonly roots: (string | TrustedRoot)[];
  readonly anchors: TrustAnchor[];
}

/**
 * Keys and trusted roots: those of the command line and the policy. Which of the two is missing is taken from the server's data directory on this machine, or from
 * the server itself: the one of --server, else the registry of the image where it is a Colophon. What was taken on first use is marked so.
 */
export async function trustOf(invocation: Invocation, policy: Policy, image: string | undefined): Promise<ResolvedTrust> {
  const found: Found = { keys: [], roots: [], anchors: [] };
  for (const file of many(invocation, 'key')) addKey(found, await readText(file), file, 'given');
  for (const key of policy.keys) addKey(found, key, 'policy', 'given');
  for (const file of many(invocation, 'trustedRoot')) addRoot(found, await readText(file), file, 'given');
  for (const root of policy.trustedRoots) addRoot(found, root, 'policy', 'given');
  // A root with certificate authorities needs no key; who gave a key and a root gave all.
  const needsKey = found.keys.length === 0 && found.roots.length === 0;
  const needsRoot = found.roots.length === 0 && policy.require.transparency !== 'none';
  if ((needsKey || needsRoot) && invocation.flags['offline'] !== true) await fromServer(invocation, image, { needsKey, needsRoot }, found);
  return { options: { keys: found.keys, trustedRoots: found.roots }, anchors: found.anchors };
}

async function fromServer(
  invocation: Invocation,
  image: string | undefined,
  { needsKey, needsRoot }: { needsKey: boolean; needsRoot: boolean },
  found: Found,
): Promise<void> {
  const named = text(invocation, 'server');
  const host = image === undefined ? undefined : parseReference(image).registry;
  const url = named ?? (host === undefined ? undefined : `${isLoopback(host) ? 'http' : 'https'}://${host}`);
  if (url === undefined) return;
  const local = await localKeys(dataDirectory(invocation), url);
  if (local !== undefined) {
    if (needsKey) addKey(found, local.provenance, local.directory, 'local');
    if (needsRoot) {
      found.roots.push(rootOfLog(local.log, url));
      found.anchors.push({ what: 'log', from: local.directory, basis: 'local', sha256: spkiHash(local.log) });
    }
    return;
  }
  try {
    if (needsKey) addKey(found, await fetchText(`${url.replace(/\/$/, '')}/trust/provenance.pub`), url, 'first-use');
    if (needsRoot) addRoot(found, await fetchText(`${url.replace(/\/$/, '')}/trust/trusted_root.json`), url, 'first-use');
  } catch (cause) {
    // Most registries are no Colophon; that is for the verdict to say, unless the server was named.
    if (named !== undefined)
      throw cliErrors.error('CLI_SERVER_UNREACHABLE', `no keys can be had from ${url}: ${(cause as Error).message}`, { cause });
  }
}

/** The keys of the server that runs on this data directory, if it is the one at that address. */
async function localKeys(data: string, url: string): Promise<{ provenance: string; log: string; directory: string } | undefined> {
  const directory = join(data, 'keys');
  try {
    const address = (await readFile(join(data, 'server.url'), 'utf8')).trim();
    if (!URL.canParse(address) || new URL(address).host !== new URL(url).host) return undefined;
    const [provenance, log] = await Promise.all(['provenance.pub', 'log.pub'].map((name) => readFile(join(directory, name), 'utf8')));
    return provenance === undefined || log === undefined ? undefined : { provenance, log, directory };
  } catch {
    return undefined;
  }
}

function addKey(found: Found, pem: string, from: string, basis: TrustAnchor['basis']): void {
  found.keys.push(pem);
  found.anchors.push({ what: 'key', from, basis, ...optionalHash(pem) });
}

function addRoot(found: Found, root: string, from: string, basis: TrustAnchor['basis']): void {
  found.roots.push(root);
  found.anchors.push({ what: 'trusted root', from, basis });
}

function optionalHash(pem: string): { sha256?: string } {
  try {
    return { sha256: spkiHash(pem) };
  } catch {
    // The verifier says what is wrong with it.
    return {};
  }
}

function spki(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

function spkiHash(pem: string): string {
  return createHash('sha256').update(spki(pem)).digest('hex');
}

/** A root that trusts one log. */
function rootOfLog(pem: string, baseUrl: string): TrustedRoot {
  const log = {
    baseUrl,
    logId: createHash('sha256').update(spki(pem)).digest(),
    key: createPublicKey(pem),
    validity: { start: 0, end: Infinity },
  };
  return { tlogs: [log], ctlogs: [], certificateAuthorities: [], timestampAuthorities: [] };
}

async function fetchText(url: string): Promise<string> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(15_000) });
  const body = await response.text();
  if (!response.ok || body.length > 1 << 20) throw new Error(`${url} answers ${response.status}`);
  return body;
}
