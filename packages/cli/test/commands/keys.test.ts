import { execFileSync } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { loadKey } from '@colophon/sign';
import { colophon, temporary } from '../support/process.ts';

// Each command is a process of its own, and the machine may be busy.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

let cwd: string;
let remove: () => Promise<void>;
beforeAll(async () => ({ path: cwd, remove } = await temporary()));
afterAll(() => remove());

test('a pair that opens with its password, encrypted, 0600, never replaced', async () => {
  const made = await colophon(['keys', 'generate', '--out', 'a', '-o', 'json'], { cwd, env: { COSIGN_PASSWORD: 'secret' } });
  expect(made.code).toBe(0);
  expect((await stat(join(cwd, 'a.key'))).mode & 0o777).toBe(0o600);
  const pem = await readFile(join(cwd, 'a.key'), 'utf8');
  expect(pem).toContain('ENCRYPTED SIGSTORE PRIVATE KEY');
  expect((await loadKey(pem, 'secret')).publicKey.spkiSha256).toBe(made.json()['spkiSha256']);
  const again = await colophon(['keys', 'generate', '--out', 'a'], { cwd, env: { COSIGN_PASSWORD: 'secret' } });
  expect(again).toMatchObject({ code: 2, out: '' });
  expect(again.err).toContain('CLI_FILE_EXISTS');
  expect(await readFile(join(cwd, 'a.key'), 'utf8')).toBe(pem);

  const shown = await colophon(['keys', 'public', 'a.key'], { cwd, env: { COLOPHON_KEY_PASSWORD: 'secret' } });
  expect(shown).toMatchObject({ code: 0, out: await readFile(join(cwd, 'a.pub'), 'utf8') });
  expect((await colophon(['keys', 'public', 'a.pub'], { cwd })).out).toBe(shown.out);
  const wrong = await colophon(['keys', 'public', 'a.key'], { cwd, env: { COSIGN_PASSWORD: 'other' } });
  expect(wrong.code).toBe(4);
  expect(wrong.out).toBe('');
});

test('a half of a pair that is there is kept, and no other half made', async () => {
  await writeFile(join(cwd, 'half.pub'), 'mine');
  expect((await colophon(['keys', 'generate', '--out', 'half'], { cwd, env: { COSIGN_PASSWORD: 'x' } })).code).toBe(2);
  expect(await readFile(join(cwd, 'half.pub'), 'utf8')).toBe('mine');
  await expect(stat(join(cwd, 'half.key'))).rejects.toThrow('ENOENT');
});

test('passwords: a file’s first line, standard input; none at all is an error; none on the command line', async () => {
  await writeFile(join(cwd, 'pw'), 'from a file\nsecond line\n');
  expect((await colophon(['keys', 'generate', '--out', 'b', '--algorithm', 'ed25519', '--password-file', 'pw'], { cwd })).code).toBe(0);
  expect((await loadKey(await readFile(join(cwd, 'b.key'), 'utf8'), 'from a file')).publicKey.algorithm).toBe('ed25519');
  expect((await colophon(['keys', 'generate', '--out', 'c', '--password-file', '-'], { cwd, input: 'from a pipe\n' })).code).toBe(0);
  await loadKey(await readFile(join(cwd, 'c.key'), 'utf8'), 'from a pipe');
  const none = await colophon(['keys', 'generate', '--out', 'd'], { cwd });
  expect(none.code).toBe(2);
  expect(none.err).toContain('CLI_PASSWORD_MISSING');
  expect((await colophon(['keys', 'generate', '--out', 'e', '--password', 'x'], { cwd })).code).toBe(2);
});

test('hostile and wrong files', async () => {
  await writeFile(join(cwd, 'garbage'), Buffer.alloc(4096, 0xff));
  await writeFile(join(cwd, 'certificate'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
  for (const name of ['garbage', 'certificate', 'missing', '/']) {
    const { code, out } = await colophon(['keys', 'public', name], { cwd, env: { COSIGN_PASSWORD: 'x' } });
    expect(code, name).not.toBe(0);
    expect(out).toBe('');
  }
  expect((await colophon(['keys', 'public', 'a.pub', '--server', 'http://127.0.0.1:1'], { cwd })).code).toBe(2);
  expect((await colophon(['keys', 'public', '--server', 'http://127.0.0.1:1'], { cwd, env: { HOME: cwd } })).err).toContain(
    'CLI_SERVER_UNREACHABLE',
  );
});

const python = (() => {
  try {
    execFileSync('python3', ['-c', 'import pty']);
    return true;
  } catch {
    return false;
  }
})();

describe.skipIf(!python)('on a terminal (needs python3)', () => {
  test('the password is asked for twice and never shown', () => {
    const main = new URL('../../src/main.ts', import.meta.url).pathname;
    // A terminal of its own; answers each prompt when it has come.
    const script = `
import os, pty, sys

pid, fd = pty.fork()
if pid == 0:
    os.chdir(sys.argv[1])
    os.execvpe(sys.argv[2], sys.argv[2:], {"PATH": os.environ["PATH"]})
seen = b""
for prompt, answer in ((b"Password for", b"s3cret\\x7ft\\r"), (b"Again:", b"s3cret\\x7ft\\r")):
    while prompt not in seen:
        seen += os.read(fd, 1024)
    os.write(fd, answer)
try:
    while True:
        data = os.read(fd, 1024)
        if not data: break
        seen += data
except OSError:
    pass
sys.stdout.write(seen.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
`;
    const command = [
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      '--conditions=colophon-source',
      main,
      'keys',
      'generate',
      '--out',
      'asked',
    ];
    const shown = execFileSync('python3', ['-c', script, cwd, ...command]).toString();
    expect(shown).toContain('Again:');
    expect(shown).not.toContain('s3cre');
  });

  test('and it is the one that was typed, backspace heeded', async () => {
    await loadKey(await readFile(join(cwd, 'asked.key'), 'utf8'), 's3cret'.slice(0, -1) + 't');
  });
});
