// Mirrors that cut, stall, lie and lack: RFC 9110 section 14 (ranges) where they resume.
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDebianCache, type DebianCache } from '../../src/fetch/cache.ts';
import { downloadBlob, type DownloadOptions } from '../../src/fetch/download.ts';
import { serveMirror, sha256, type Hook, type TestMirror } from '../support/mini-archive.ts';

const path = 'pool/main/a/app/app_1.0+b1-1_amd64.deb';
const bytes = randomBytes(200_000);
const code = (name: string) => expect.objectContaining({ code: name });
let folder: string;
let cache: DebianCache;
let mirror: TestMirror;
let second: TestMirror;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'colophon-download-'));
  cache = await openDebianCache(folder);
  mirror = await serveMirror(new Map([[path, bytes]]));
  second = await serveMirror(new Map([[path, bytes]]));
});
afterEach(async () => {
  await Promise.all([mirror.close(), second.close()]);
  await rm(folder, { recursive: true });
});

async function download(options: Partial<DownloadOptions> = {}, paths = [path]): Promise<Buffer> {
  const request = { archive: 'archive', paths, sha256: sha256(bytes), size: bytes.length, what: 'app' } as const;
  await downloadBlob(request, cache, { mirrors: { archive: mirror.url }, rounds: 3, backOff: 1, stall: 300, ...options });
  return cache.blobs.bytes(`sha256:${request.sha256}`);
}

/** Sends `count` bytes from where it was asked to, then cuts the connection (or keeps silent). */
function cut(count: number, times = 1, silent = false): Hook {
  return (_path, request, response) => {
    if (times-- <= 0) return false;
    const start = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(start === 0 ? 200 : 206, {
      'content-length': bytes.length - start,
      ...(start === 0 ? {} : { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
    });
    response.write(bytes.subarray(start, start + count), () => silent || setTimeout(() => response.destroy(), 20));
    return true;
  };
}

describe('download', () => {
  it('takes a blob once, and leaves nothing behind', async () => {
    expect(await download()).toEqual(bytes);
    await download();
    expect(mirror.requests).toEqual([path]);
    expect(await readdir(cache.partial)).toEqual([]);
  });

  it('resumes a download that was cut, twice', async () => {
    mirror.hook = cut(50_000, 2);
    expect(await download()).toEqual(bytes);
    expect(mirror.requests.map((line) => line.replace(path, ''))).toEqual(['', ' bytes=50000-', ' bytes=100000-']);
  });

  it('resumes at another mirror', async () => {
    mirror.hook = cut(70_000, 9);
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
    expect(second.requests).toEqual([`${path} bytes=70000-`]);
  });

  it('gives up a mirror that stalls, before the first byte and within', async () => {
    mirror.hook = cut(10_000, 9, true);
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
    expect(second.requests).toEqual([`${path} bytes=10000-`]);
    await cache.blobs.delete(`sha256:${sha256(bytes)}`);
    mirror.hook = () => true;
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
  });

  it('starts over where a server does not know ranges', async () => {
    let first = true;
    mirror.hook = (asked, request, response) => {
      if (first) return ((first = false), cut(50_000)(asked, request, response));
      response.end(bytes);
      return true;
    };
    expect(await download()).toEqual(bytes);
  });

  it('refuses another range than was asked for', async () => {
    let first = true;
    mirror.hook = (asked, request, response) => {
      if (first) return ((first = false), cut(50_000)(asked, request, response));
      if (request.headers.range === undefined) return false;
      response.writeHead(206, { 'content-range': `bytes 0-99/${bytes.length}` }).end(bytes.subarray(0, 100));
      return true;
    };
    await expect(download()).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
  });

  it('does not ask a mirror again that lied, and believes the honest one', async () => {
    mirror.files.set(path, randomBytes(bytes.length));
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
    await cache.blobs.delete(`sha256:${sha256(bytes)}`);
    await expect(download()).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    expect(mirror.requests).toHaveLength(2);
  });

  it('does not take more than was vouched for', async () => {
    let sent = 0;
    mirror.hook = (_path, _request, response) => {
      const more = () => {
        while (!response.destroyed && sent < 500e6 && response.write(Buffer.alloc(65_536))) sent += 65_536;
      };
      response.on('drain', more);
      more();
      return true;
    };
    await expect(download()).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    expect(sent).toBeLessThan(50e6);
  });

  it('a liar’s half spoils the whole: honest mirrors are asked again, alone', async () => {
    mirror.files.set(path, randomBytes(bytes.length));
    const liar = mirror.files.get(path) as Buffer;
    mirror.hook = (_path, request, response) => {
      if (request.headers.range !== undefined) return false;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(liar.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
    expect(second.requests).toEqual([`${path} bytes=90000-`, path]);
  });

  it('a spoiled partial file of an earlier run convicts nobody', async () => {
    await writeFile(join(cache.partial, `${sha256(bytes)}.part`), randomBytes(60_000));
    expect(await download()).toEqual(bytes);
    expect(mirror.requests).toEqual([`${path} bytes=60000-`, path]);
  });

  it('goes on where an earlier run left off', async () => {
    mirror.hook = cut(60_000, 1);
    await expect(download({ rounds: 1 })).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
    expect(await download()).toEqual(bytes);
    expect(mirror.requests.at(-1)).toBe(`${path} bytes=60000-`);
  });

  it('tries the next path where one is missing, and tells every mirror’s reason', async () => {
    expect(await download({}, ['pool/missing', path])).toEqual(bytes);
    await cache.blobs.delete(`sha256:${sha256(bytes)}`);
    mirror.files.clear();
    second.hook = (_path, _request, response) => (response.writeHead(503).end(), true);
    await expect(download({ mirrors: { archive: [mirror.url, second.url] } })).rejects.toThrow(/status 404; .*status 503/);
    expect(mirror.requests.filter((asked) => asked === path)).toHaveLength(2);
    expect(second.requests).toHaveLength(3);
  });

  it('refuses a coding that was not asked for', async () => {
    mirror.hook = (_path, _request, response) => (response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes), true);
    await expect(download()).rejects.toThrow(code('DEBIAN_FETCH_FAILED'));
  });

  it('follows redirections, to another server too, and keeps the range', async () => {
    let sent = false;
    mirror.hook = (asked, request, response) => {
      if (!sent && asked === path && request.headers.range === undefined) return ((sent = true), cut(50_000)(asked, request, response));
      if (asked === path) response.writeHead(302, { location: '/debian/elsewhere' }).end('not here');
      else response.writeHead(307, { location: `${second.url}/${path}` }).end();
      return true;
    };
    expect(await download()).toEqual(bytes);
    expect(second.requests).toEqual([`${path} bytes=50000-`]);
  });

  it.each([
    ['in circles', (asked: string) => `/debian/${asked}`],
    ['to a file', () => 'file:///etc/passwd'],
    ['to what is no address', () => 'http://['],
  ])('gives up redirections %s', async (_title, location) => {
    mirror.hook = (asked, _request, response) => (response.writeHead(301, { location: location(asked) }).end(), true);
    await expect(download({ rounds: 1 })).rejects.toThrow(/redirects/);
    expect(mirror.requests.length).toBeLessThan(20);
  });

  it('survives a server that answers with no HTTP, or with a broken body, at once', async () => {
    mirror.hook = (_path, request) => (request.socket.end('SSH-2.0-x\r\n'), true);
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
    await cache.blobs.delete(`sha256:${sha256(bytes)}`);
    mirror.hook = (_path, request) => (request.socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'), true);
    expect(await download({ mirrors: { archive: [mirror.url, second.url] } })).toEqual(bytes);
  });

  it('escapes the plus sign, which some stores read as a space', async () => {
    let url: string | undefined;
    mirror.hook = (_path, request) => ((url = request.url), false);
    await download();
    expect(url).toContain('app_1.0%2Bb1-1_amd64.deb');
  });

  it('two downloads of one blob at once both succeed', async () => {
    await Promise.all([download(), download({ mirrors: { archive: second.url } })]);
    expect(await readdir(cache.partial)).toEqual([]);
  });

  it('stops when it is told to', async () => {
    mirror.hook = () => true;
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error('told to')), 50);
    await expect(download({ signal: controller.signal, stall: 30_000 })).rejects.toThrow(/told to/);
  });

  it('says so when there is no mirror', async () => {
    await expect(download({ mirrors: { archive: [] } })).rejects.toThrow(code('DEBIAN_MIRROR_MISSING'));
  });
});
