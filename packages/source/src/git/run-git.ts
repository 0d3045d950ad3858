import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { errorCode } from '@colophon/core';
import { sourceErrors } from '../errors.ts';

/**
 * Git is told everything and inherits nothing: no system, user or repository-chosen configuration, no hooks, no prompts, no
 * credentials but those of the caller's SSH agent, no submodules, no file system monitor, only the protocol that was asked for.
 * The remote controls the objects and the refs; fsck of all that comes in is on.
 */
const settings = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.protectHFS=true',
  'core.protectNTFS=true',
  'transfer.fsckObjects=true',
  'fetch.recurseSubmodules=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'protocol.allow=never',
  'http.followRedirects=initial',
  'credential.helper=',
  'safe.directory=*',
];

export function gitArguments(protocol: string | undefined, ...rest: string[]): string[] {
  const allowed = protocol === undefined ? [] : [`protocol.${protocol}.allow=always`];
  return [...[...settings, ...allowed].flatMap((setting) => ['-c', setting]), ...rest];
}

export function gitEnvironment(): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes -oPermitLocalCommand=no',
    ...(process.env['SSH_AUTH_SOCK'] === undefined ? {} : { SSH_AUTH_SOCK: process.env['SSH_AUTH_SOCK'] }),
  };
}

export interface GitOptions {
  readonly protocol?: string;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. Default: five minutes. */
  readonly timeout?: number;
}

/** Runs git to its end; gives its standard output. Throws SOURCE_FETCH_FAILED with git's last words. */
export async function runGit(args: readonly string[], options: GitOptions = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      'git',
      gitArguments(options.protocol, ...args),
      { env: gitEnvironment(), signal: options.signal, timeout: options.timeout ?? 300_000, killSignal: 'SIGKILL', maxBuffer: 64 << 20 },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        if (errorCode(error) === 'ENOENT') return reject(sourceErrors.error('SOURCE_GIT_MISSING', 'git is not installed'));
        const words = stderr.trim().split('\n').slice(-3).join(' / ').slice(0, 600);
        reject(sourceErrors.error('SOURCE_FETCH_FAILED', words === '' ? error.message : words, { cause: error }));
      },
    );
  });
}

/** `git cat-file --batch` as a child of its own, for reading objects one after another. */
export function spawnCatFile(directory: string): ChildProcessWithoutNullStreams {
  return spawn('git', gitArguments(undefined, `--git-dir=${directory}`, 'cat-file', '--batch'), { env: gitEnvironment() });
}
