import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A git server as a person has one: `git http-backend` behind HTTP, and a post-receive hook that tells of pushes. */
export interface Forge {
  /** `http://127.0.0.1:PORT/NAME.git` */
  url(name: string): string;
  /** A bare repository, whose pushes are sent to `hook` as GitHub sends them, signed with `secret`. */
  repository(name: string, hook: { url: string; secret: string }): Promise<void>;
  /** Commits files to a branch and pushes it; gives the commit, and what the hook's receivers answered. */
  push(name: string, branch: string, files: Readonly<Record<string, string>>): Promise<{ commit: string; answers: HookAnswer[] }>;
  git(name: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export interface HookAnswer {
  readonly status: number;
  readonly body: string;
  /** The delivery as it was sent, to send it again. */
  readonly delivery: { readonly id: string; readonly signature: string; readonly body: string };
}

/** curl and openssl, as anybody's hook would do it; leaves beside it what was sent and what was answered. */
const hookScript = (url: string, secret: string, cloneUrl: string, log: string) => `#!/bin/sh
while read -r before after ref; do
  deleted=false
  case $after in *[!0]*) ;; *) deleted=true ;; esac
  id=$(cat /proc/sys/kernel/random/uuid)
  printf '{"ref":"%s","before":"%s","after":"%s","deleted":%s,"repository":{"name":"app","full_name":"team/app","clone_url":"%s","pushed_at":%s},"pusher":{"name":"dev"},"sender":{"login":"dev"}}' \\
    "$ref" "$before" "$after" $deleted '${cloneUrl}' "$(date +%s)" > '${log}'/$id.body
  signature=$(openssl dgst -sha256 -hmac '${secret}' < '${log}'/$id.body | sed 's/^.*= *//')
  printf '%s' "$signature" > '${log}'/$id.signature
  curl --silent --output '${log}'/$id.answer --write-out '%{http_code}' --header 'Content-Type: application/json' --header 'X-GitHub-Event: push' \\
    --header "X-GitHub-Delivery: $id" --header "X-Hub-Signature-256: sha256=$signature" --data-binary @'${log}'/$id.body '${url}' > '${log}'/$id.status
  echo $id >> '${log}'/sent
done
`;

export async function startForge(directory: string): Promise<Forge> {
  const bare = join(directory, 'forge');
  await mkdir(bare, { recursive: true });
  const environment = {
    ...process.env,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_AUTHOR_NAME: 'dev',
    GIT_AUTHOR_EMAIL: 'dev@team.example',
    GIT_COMMITTER_NAME: 'dev',
    GIT_COMMITTER_EMAIL: 'dev@team.example',
  };
  const gitIn = async (cwd: string, ...args: string[]) => (await run('git', args, { cwd, env: environment })).stdout.trim();

  // CGI (RFC 3875), as far as git http-backend needs it.
  const server = createServer((request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const backend = spawn('git', ['http-backend'], {
      env: {
        ...environment,
        GIT_PROJECT_ROOT: bare,
        GIT_HTTP_EXPORT_ALL: '1',
        PATH_INFO: path,
        QUERY_STRING: query,
        REQUEST_METHOD: request.method ?? 'GET',
        CONTENT_TYPE: request.headers['content-type'] ?? '',
        REMOTE_USER: 'dev',
        REMOTE_ADDR: '127.0.0.1',
        ...(request.headers['content-encoding'] === undefined ? {} : { HTTP_CONTENT_ENCODING: request.headers['content-encoding'] }),
        ...(request.headers['git-protocol'] === undefined ? {} : { GIT_PROTOCOL: request.headers['git-protocol'] as string }),
      },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    request.pipe(backend.stdin);
    backend.stdin.on('error', () => {});
    const chunks: Buffer[] = [];
    backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
    backend.on('close', () => {
      const all = Buffer.concat(chunks);
      const end = all.indexOf('\r\n\r\n');
      for (const line of all.subarray(0, Math.max(0, end)).toString().split('\r\n')) {
        const [, name = '', value = ''] = /^([^:]+): *(.*)$/.exec(line) ?? [];
        if (name.toLowerCase() === 'status') response.statusCode = Number.parseInt(value, 10);
        else if (name !== '') response.setHeader(name, value);
      }
      response.end(all.subarray(end + 4));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = (name: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}.git`;
  const clone = (name: string) => join(directory, `${name}.clone`);
  const log = (name: string) => join(directory, `${name}.hooks`);

  async function sent(name: string): Promise<string[]> {
    const text = await run('cat', [join(log(name), 'sent')]).catch(() => ({ stdout: '' }));
    return text.stdout.split('\n').filter((id) => id !== '');
  }

  return {
    url,
    async repository(name, hook) {
      const path = join(bare, `${name}.git`);
      await mkdir(log(name), { recursive: true });
      await gitIn(bare, 'init', '--quiet', '--bare', '--initial-branch=main', path);
      await gitIn(path, 'config', 'http.receivepack', 'true');
      await writeFile(join(path, 'hooks', 'post-receive'), hookScript(hook.url, hook.secret, url(name), log(name)));
      await chmod(join(path, 'hooks', 'post-receive'), 0o755);
      await gitIn(directory, 'init', '--quiet', '--initial-branch=main', clone(name));
      await gitIn(clone(name), 'remote', 'add', 'origin', url(name));
    },
    async push(name, branch, files) {
      const before = new Set(await sent(name));
      await gitIn(clone(name), 'checkout', '--quiet', '-B', branch);
      for (const [path, content] of Object.entries(files)) {
        await mkdir(join(clone(name), path, '..'), { recursive: true });
        await writeFile(join(clone(name), path), content);
      }
      await gitIn(clone(name), 'add', '--all');
      await gitIn(clone(name), 'commit', '--quiet', '--allow-empty', '--message', `to ${branch}`);
      // The hook has run when the push ends.
      await gitIn(clone(name), 'push', '--quiet', 'origin', branch);
      const read = async (id: string, what: string) => (await run('cat', [join(log(name), `${id}.${what}`)])).stdout;
      const answers: HookAnswer[] = [];
      for (const id of await sent(name)) {
        if (before.has(id)) continue;
        const delivery = { id, signature: await read(id, 'signature'), body: await read(id, 'body') };
        answers.push({ status: Number(await read(id, 'status')), body: await read(id, 'answer').catch(() => ''), delivery });
      }
      return { commit: await gitIn(clone(name), 'rev-parse', 'HEAD'), answers };
    },
    git: (name, ...args) => gitIn(clone(name), ...args),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
