import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino, type Logger } from 'pino';
import { parseChainsConfig } from '@colophon/attest';
import { connectIpc, toErrorRecord, type IpcClient } from '@colophon/core';
import { machineMirrors, type Mirrors } from '@colophon/debian';
import { createLogRoutes, openLog } from '@colophon/log';
import { createRegistry, createRegistryRoutes, openUploads, registryMigrations } from '@colophon/oci';
import { ipcTaskHost, startController, type Finding } from '@colophon/runner';
import { loadPublicKey, logSigner, signerClient, signerModule } from '@colophon/sign';
import { openGitStore } from '@colophon/source';
import { openBlobStore, openDatabase, openObjectStore, type BlobStore, type KubeObject } from '@colophon/store';
import { createGuard } from '../access/guard.ts';
import { openTokenStore } from '../access/tokens.ts';
import { startAttestor } from '../attestor/attestor.ts';
import { createStatements } from '../attestor/statements.ts';
import { createImages } from '../collaborators/images.ts';
import { createInputs } from '../collaborators/inputs.ts';
import { createOutputs } from '../collaborators/outputs.ts';
import { createRegistries } from '../collaborators/registries.ts';
import { createSbomFinder } from '../collaborators/sboms.ts';
import { createRelays } from '../collaborators/relays.ts';
import { lockDataDirectory, openDataDirectory } from '../config/data-directory.ts';
import { parseServerOptions, type ServerOptionsInput } from '../config/options.ts';
import { guardLog, registryWish } from '../front/access.ts';
import { createApp } from '../front/app.ts';
import { createAdministration } from '../front/administration.ts';
import { createMetrics } from '../front/metrics.ts';
import { makeStepImages } from '../bootstrap/step-images.ts';
import { createKubernetesRoutes } from '../kubernetes/index.ts';
import { supervise } from '../processes/supervise.ts';
import { runnerModule } from '../processes/runner-module.ts';
import { resources } from '../resources.ts';
import { podLogs } from '../runs/pod-logs.ts';
import { createTrustRoutes } from '../trust/routes.ts';
import { receivePush } from '../webhook/receive-push.ts';
import { admitObject } from './admission.ts';
import { describeBuilder } from './builder-description.ts';
import { adminToken, writeClientFiles } from './credentials.ts';
import { listen } from './listen.ts';

export interface RunningServer {
  readonly url: string;
  /** `HOST:PORT`, as image references name the embedded registry. */
  readonly registryHost: string;
  readonly token: string;
  /** Resolves when every finished run is attested, logged and stored. */
  attested(): Promise<void>;
  /** Values that `{{ name }}` in a pushed pipeline stands for; kept for later pushes. */
  setValues(values: Readonly<Record<string, string>>): Promise<void>;
  readonly blobs: BlobStore;
  stop(): Promise<void>;
}

export function programVersion(): string {
  return (JSON.parse(readFileSync(fileURLToPath(new URL('../../package.json', import.meta.url)), 'utf8')) as { version: string }).version;
}

/**
 * Starts the whole server in this process and two children: opens the stores, makes the keys at the first start, resumes what was under way, opens the port last. What
 * fails here leaves nothing running.
 */
export async function startServer(input: ServerOptionsInput): Promise<RunningServer> {
  const options = parseServerOptions(input);
  const logger = pino({ level: options.logLevel, base: { version: programVersion() } }, pino.destination({ fd: 2, sync: false }));
  const stack = new AsyncDisposableStack();
  try {
    const server = await start(options, logger, stack);
    return server;
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function start(options: ReturnType<typeof parseServerOptions>, logger: Logger, stack: AsyncDisposableStack): Promise<RunningServer> {
  const directory = await openDataDirectory(options.data);
  // Before anything is written or started: a second server would take away the first one's sockets.
  stack.defer(lockDataDirectory(directory));
  const tokens = await openTokenStore(directory.tokens);
  const token = await adminToken(directory, tokens);
  const socket = (name: string) => join(directory.sockets, `${name}.sock`);
  const watch = (name: string) => ({
    name,
    onExit: (reason: string) => logger.warn({ process: name, reason }, 'a process is restarted'),
    onOutput: (line: string) => logger.debug({ process: name, line }),
  });

  const [signerProcess, runnerProcess] = await Promise.all([
    supervise({
      ...watch('signer'),
      module: signerModule,
      arguments: [
        '--keys',
        directory.keys,
        '--socket',
        socket('signer'),
        ...(options.passwordFile === undefined ? [] : ['--password-file', options.passwordFile]),
      ],
      socketPath: socket('signer'),
      environment: pick(process.env, ['COLOPHON_KEY_PASSWORD', 'CREDENTIALS_DIRECTORY']),
    }),
    supervise({
      ...watch('runner'),
      module: runnerModule,
      arguments: ['--data', directory.root, '--socket', socket('runner')],
      socketPath: socket('runner'),
    }),
  ]);
  delete process.env['COLOPHON_KEY_PASSWORD'];
  stack.defer(() => signerProcess.stop());
  stack.defer(() => runnerProcess.stop());
  const runner = (): Promise<IpcClient> => runnerProcess.ready();
  const signer = signerClient(() => signerProcess.ready());
  const keys = await signer.publicKeys();

  const blobs = await openBlobStore(directory.blobs);
  const store = await openObjectStore(directory.objects);
  stack.defer(() => store.close());
  const registryDatabase = await openDatabase(directory.registry, { migrations: registryMigrations });
  stack.defer(() => registryDatabase.close());
  const uploads = await openUploads(join(directory.root, 'uploads'));
  const registry = createRegistry({ blobs, database: registryDatabase });
  const log = await openLog({
    directory: directory.log,
    signer: await logSigner(signer),
    hostname: logHostname(options),
    blobs,
    workers: Math.max(1, availableParallelism() - 1),
    onError: (error) => logger.error({ error: toErrorRecord(error) }, 'the log'),
  });
  stack.defer(() => log.close());

  // The address is known when the port is open; requests that come before everything is ready are answered with 503.
  let handle: (request: Request) => Response | Promise<Response> = () =>
    new Response('starting\n', { status: 503, headers: { 'retry-after': '1' } });
  const listener = await listen(options, () => handle);
  stack.defer(() => listener.close());
  const publicUrl = new URL(
    options.publicUrl ??
      `${listener.tls ? 'https' : 'http'}://${options.host === '0.0.0.0' || options.host === '::' ? 'localhost' : options.host}:${listener.port}`,
  );
  const guard = createGuard({ tokens, read: options.read, publicUrl: () => publicUrl });
  const registries = createRegistries(registry, () => publicUrl);

  const git = openGitStore({
    directory: directory.inputs,
    protocols: ['https', 'ssh', ...options.allowSource],
    ...(options.sourceRoots.length === 0 ? {} : { fileRoots: options.sourceRoots }),
  });
  const inputs = await createInputs({ git, directory: directory.inputs, blobs, mirrors: mirrorsOf(options) });
  const images = createImages({ registries, blobs, runner });
  const outputs = createOutputs({ registries, blobs, runner });
  const registryRoutes = createRegistryRoutes({
    registry,
    uploads,
    authorize: async (request, wish) => guard.authorize(request.headers, registryWish(request, wish))?.subject ?? '',
  });
  const relays = createRelays({
    directory: directory.sockets,
    tokens,
    registries,
    pushedBy: (subject) => pushedBy(registryDatabase, subject, publicUrl.host),
    registryFetch: (request) => registryRoutes.fetch(request),
  });
  const statements = createStatements({
    store,
    logs: directory.runs,
    publicUrl: () => publicUrl,
    version: programVersion(),
    sbom: createSbomFinder(registries),
    chains: options.chainsFormats.map((format) =>
      parseChainsConfig({ 'artifacts.taskrun.format': format, 'artifacts.pipelinerun.format': format }),
    ),
  });
  const provenanceKey = loadPublicKey(keys.provenance);
  const attestor = await startAttestor({
    store,
    blobs,
    signer,
    key: { publicKey: keys.provenance, hint: provenanceKey.hint },
    log: { append: (entry) => log.append(entry) },
    images: registries.imageStore,
    storage: options.storage,
    unsigned: statements,
    logger,
  });
  stack.defer(() => attestor.stop());

  const host = ipcTaskHost(() => connectIpc(socket('runner')));
  stack.defer(() => host.close());
  const controller = await startController({
    store,
    host,
    data: directory.root,
    inputs,
    images,
    outputs,
    relays,
    masks: { values: async () => [token] },
    concurrency: options.parallelTasks ?? Math.max(2, availableParallelism()),
    log: (level, message, fields) => logger[level](fields, message),
  });
  stack.defer(() => controller.close());

  const values = new Map<string, string>(Object.entries({ ...(await readValues(store)), registry: publicUrl.host }));
  const setValues = async (next: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, value] of Object.entries(next)) values.set(name, value);
    await writeValues(store, Object.fromEntries(values));
  };
  const findings = await (await runner()).call<readonly Finding[]>('doctor', {});
  const validFrom = new Date(Math.floor(Date.now() / 1000) * 1000 - 3600_000 * 24).toISOString();
  let described: Promise<object> | undefined;
  const app = createApp({
    guard,
    logger,
    registry: registryRoutes,
    log: guardLog(createLogRoutes(log, { onError: (error) => logger.error({ error: toErrorRecord(error) }, 'the log') }), guard),
    kubernetes: createKubernetesRoutes({
      store,
      types: Object.values(resources),
      admit: admitObject,
      authorize: (headers, { verb, namespace }) =>
        guard.authorize(headers, { area: 'runs', verb, ...(namespace === undefined ? {} : { namespace }) }),
      podLogs: podLogs({ store, directory: directory.runs }),
    }),
    push: (headers, body) =>
      receivePush(headers, body, {
        store,
        git,
        values: Object.fromEntries(values),
        admit: (run) => admitObject(resources.pipelineruns, run, 'create'),
      }),
    trust: createTrustRoutes({
      publicUrl: () => publicUrl,
      provenanceKey: keys.provenance,
      logKey: keys.log,
      validFrom,
      builder: async (mode) =>
        mode === 'sandbox'
          ? // Signed once: whoever asks must not make the signer work.
            (described ??= describeBuilder(
              {
                id: `${publicUrl.href.replace(/\/$/, '')}/builders/sandbox`,
                mode,
                version: programVersion(),
                protections: findings.map(({ name, found, state }) => ({ name, found, state })),
              },
              signer,
            ).catch((error: unknown) => {
              described = undefined;
              throw error;
            }))
          : undefined,
    }),
    administration: createAdministration({
      guard,
      tokens,
      version: programVersion(),
      values: () => Object.fromEntries(values),
      makeStepImages: async (onProgress) => {
        const made = await makeStepImages(
          {
            registry,
            registryHost: publicUrl.host,
            blobs,
            store,
            mirrors: mirrorsOf(options),
            data: directory.root,
            images: options.images,
            cli: options.program,
          },
          onProgress,
        );
        await setValues(made);
        return made;
      },
    }),
    metrics: createMetrics({ log, attestor: attestor.queue }),
    ready: () => true,
  });
  handle = (request) => app.fetch(request);
  await writeClientFiles(directory, publicUrl, token);
  logger.info({ url: publicUrl.href, data: directory.root }, 'the server is up');
  return {
    url: publicUrl.href.replace(/\/$/, ''),
    registryHost: publicUrl.host,
    token,
    blobs,
    async attested() {
      await controller.idle();
      await attestor.queue.idle();
    },
    setValues,
    stop: () => stack.disposeAsync(),
  };
}

function pick(environment: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  return Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));
}

/** The log's name never changes: the public URL's host, else that of loopback. */
function logHostname(options: { publicUrl?: string | undefined; host: string }): string {
  return options.publicUrl === undefined ? options.host : new URL(options.publicUrl).hostname;
}

function mirrorsOf({ mirrors }: { mirrors: { archive?: string | undefined; security?: string | undefined } }): Mirrors {
  const machine = machineMirrors();
  return { archive: mirrors.archive ?? machine.archive, security: mirrors.security ?? machine.security };
}

const valuesName = 'pipeline-values';

/** Values for pushed pipelines are kept as a ConfigMap of their own, so that a person can see and change them. */
async function readValues(store: Awaited<ReturnType<typeof openObjectStore>>): Promise<Record<string, string>> {
  const found = await store.get(resources.configmaps, 'colophon', valuesName);
  return (found?.['data'] ?? {}) as Record<string, string>;
}

async function writeValues(store: Awaited<ReturnType<typeof openObjectStore>>, data: Record<string, string>): Promise<void> {
  const found = await store.get(resources.configmaps, 'colophon', valuesName);
  const object: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: valuesName, namespace: 'colophon' }, data };
  await (found === undefined ? store.create(resources.configmaps, object) : store.update(resources.configmaps, object));
}

async function pushedBy(database: Awaited<ReturnType<typeof openDatabase>>, subject: string, host: string) {
  const rows = await database.all<{ repository: string; digest: `sha256:${string}`; media_type: string; size: number }>(
    'SELECT repository, digest, media_type, size FROM manifests WHERE pushed_by = ?',
    [subject],
  );
  return rows.map(({ repository, digest, media_type, size }) => ({
    repository: `${host}/${repository}`,
    reference: `${host}/${repository}@${digest}`,
    digest,
    mediaType: media_type,
    size,
  }));
}
