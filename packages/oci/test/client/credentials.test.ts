import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { dockerCredentials } from '../../src/index.ts';
import { atEnd, codeOf, temporaryDirectory } from '../support.ts';

async function finder(config: unknown) {
  const path = join(await temporaryDirectory(), 'config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return dockerCredentials(path);
}

const auth = (text: string) => Buffer.from(text).toString('base64');

async function helper(name: string, script: string): Promise<void> {
  const directory = join(await temporaryDirectory(), 'bin');
  await mkdir(directory);
  await writeFile(join(directory, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, `docker-credential-${name}`), 0o755);
  const before = process.env['PATH'];
  process.env['PATH'] = `${directory}:${before}`;
  atEnd(async () => void (process.env['PATH'] = before));
}

describe('docker’s config.json', () => {
  test('auths, by host, URL or docker hub’s old name', async () => {
    const find = await finder({
      auths: {
        'a.example:5000': { auth: auth('me:pass:word') },
        'https://b.example/v1/': { username: 'u', password: 'p' },
        'https://index.docker.io/v1/': { auth: auth('hub:secret\0') },
        'c.example': { auth: auth('x:'), identitytoken: 'refresh' },
        'd.example': {},
      },
    });
    expect(await find('a.example:5000')).toEqual({ username: 'me', password: 'pass:word' });
    expect(await find('b.example')).toEqual({ username: 'u', password: 'p' });
    expect(await find('docker.io')).toEqual({ username: 'hub', password: 'secret' });
    expect(await find('c.example')).toEqual({ username: 'x', password: '', identityToken: 'refresh' });
    expect(await find('d.example')).toBeUndefined();
    expect(await find('a.example')).toBeUndefined();
  });

  test('no file: nobody; a broken one: an error, not nobody', async () => {
    expect(await dockerCredentials('/nonexistent/config.json')('a.example')).toBeUndefined();
    expect(await codeOf((await finder('{'))('a.example'))).toBe('OCI_CREDENTIALS');
    expect(await codeOf((await finder({ auths: [] }))('a.example'))).toBe('OCI_CREDENTIALS');
  });

  test('helpers are programs: asked on standard input, per registry or for all', async () => {
    await helper('one', 'read server; printf \'{"ServerURL":"%s","Username":"u-%s","Secret":"s"}\' "$server" "$server"');
    await helper('token', 'echo \'{"Username":"<token>","Secret":"refresh"}\'');
    await helper('none', 'echo "credentials not found in native keychain"; exit 1');
    await helper('broken', 'echo boom >&2; exit 1');
    const find = await finder({
      auths: { 'n.example': { auth: auth('from:file') } },
      credHelpers: { 'a.example': 'one', 't.example': 'token', 'n.example': 'none', 'b.example': 'broken', 'p.example': '../one' },
      credsStore: 'one',
    });
    expect(await find('a.example')).toEqual({ username: 'u-a.example', password: 's' });
    expect(await find('t.example')).toEqual({ username: '', password: '', identityToken: 'refresh' });
    expect(await find('n.example')).toEqual({ username: 'from', password: 'file' });
    expect(await find('docker.io')).toEqual({ username: 'u-https://index.docker.io/v1/', password: 's' });
    expect(await codeOf(find('b.example'))).toBe('OCI_CREDENTIALS');
    expect(await codeOf(find('p.example'))).toBe('OCI_CREDENTIALS');
    expect(await codeOf((await finder({ credsStore: 'not-installed' }))('a.example'))).toBe('OCI_CREDENTIALS');
  });
});
