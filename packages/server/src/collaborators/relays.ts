import { randomUUID } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { chmod, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseReference } from '@colophon/oci';
import type { OpenRelays, ProducedImage, Relays } from '@colophon/runner';
import { startRecordingProxy } from '@colophon/source';
import type { TokenStore } from '../access/tokens.ts';
import { serverErrors } from '../errors.ts';
import type { Registries } from './registries.ts';

/** Images that a token pushed, as the embedded registry saw them arrive. */
export type PushedBy = (subject: string) => Promise<readonly Omit<ProducedImage, 'task' | 'workspace'>[]>;

export interface RelaysOptions {
  /** `DATA/sockets`. */
  readonly directory: string;
  readonly tokens: TokenStore;
  readonly registries: Registries;
  readonly pushedBy: PushedBy;
  /** The registry's own routes, and nothing else of the server. */
  readonly registryFetch: (request: Request) => Response | Promise<Response>;
}

/**
 * The two ways out that a TaskRun can be granted, each over Unix sockets of its own that die with the attempt: the recording proxy; and the embedded registry, by a port of the
 * step's own loopback, with a token that pushes to one repository. The token's subject is opaque: the registry records it, and the control plane alone knows which run it was.
 */
export function createRelays(options: RelaysOptions): Relays {
  const { directory, tokens, registries, pushedBy, registryFetch } = options;
  return {
    async open({ network, push }) {
      const id = randomUUID().slice(0, 13);
      const closers: (() => Promise<void>)[] = [];
      const sockets: { hostPath: string; path: string }[] = [];
      const masks: string[] = [];
      const ports: { port: number; socketPath: string }[] = [];
      let dockerConfig: string | undefined;
      let proxySocket: string | undefined;
      if (network) {
        proxySocket = join(directory, `p-${id}.sock`);
        const proxy = await startRecordingProxy({ socketPath: proxySocket });
        closers.push(
          () => proxy.close(),
          () => rm(proxySocket as string, { force: true }),
        );
      }
      const subject = `run-token-${id}`;
      if (push !== undefined) {
        const { registry, repository } = parseReference(push);
        if (!registries.isOwn(registry))
          throw serverErrors.error('SERVER_FORBIDDEN', `a push token can be given for the embedded registry only, not for ${registry}`);
        // What is said of the image is for the attestor to write, not for the steps that made it.
        const token = await tokens.issue(subject, [{ verbs: ['read', 'write'], area: 'registry', repository, tags: 'images' }], {
          temporary: true,
          subject,
        });
        masks.push(token, Buffer.from(`colophon:${token}`).toString('base64'));
        const hostPath = join(directory, `t-${id}.sock`);
        dockerConfig = loginFor(registry, token);
        const close = await serve(hostPath, (_request, response) =>
          response.setHeader('content-type', 'application/json').end(dockerConfig),
        );
        sockets.push({ hostPath, path: '/tekton/push-token.sock' });
        const registrySocket = join(directory, `r-${id}.sock`);
        const closeRegistry = await serve(registrySocket, getRequestListener(registryFetch, { overrideGlobalObjects: false }));
        ports.push({ port: Number(new URL(`http://${registry}`).port || 80), socketPath: registrySocket });
        closers.push(close, closeRegistry, async () => void (await tokens.revoke(subject)));
      }
      let closed: Promise<readonly ProducedImage[]> | undefined;
      const relays: OpenRelays = {
        sockets,
        ports,
        masks,
        ...(dockerConfig === undefined ? {} : { dockerConfig }),
        ...(proxySocket === undefined ? {} : { proxySocket }),
        close: () =>
          (closed ??= (async () => {
            for (const close of closers) await close();
            return push === undefined ? [] : (await pushedBy(subject)).map((image) => ({ ...image, task: '', workspace: '' }));
          })()),
      };
      return relays;
    },
  };
}

/** A docker config.json with the token. */
function loginFor(registry: string, token: string): string {
  return JSON.stringify({ auths: { [registry]: { auth: Buffer.from(`colophon:${token}`).toString('base64') } } });
}

/** Serves HTTP on a Unix socket of one attempt. */
async function serve(path: string, listener: RequestListener): Promise<() => Promise<void>> {
  const server = createServer(listener);
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(path, resolve));
  // Root of a step is another id: the socket itself must be open, the folder that holds it is not.
  await chmod(path, 0o666);
  return async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
    await rm(path, { force: true });
  };
}
