import { createHash } from 'node:crypto';
import { access, mkdir, open, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTarWriter } from '../../src/backup/tar-writer.ts';
import { createBackup, restoreBackup } from '../../src/index.ts';
import { hashedrekord, openData, pushImage, temporary } from '../support-data.ts';

let root: string;
let remove: () => Promise<void>;
let good: Buffer;
let count = 0;

beforeAll(async () => {
  ({ path: root, remove } = await temporary());
  const data = await openData(join(root, 'data'));
  await data.log.append(hashedrekord('one'));
  await pushImage(data.registry, 'a', 'latest', 'layer');
  await data.close();
  await createBackup({ data: join(root, 'data'), file: join(root, 'good.tar'), withKeys: true, program: 'test' });
  good = await readFile(join(root, 'good.tar'));
});
afterAll(() => remove());

/** Restores these bytes; whatever happens, a refused restore leaves nothing. */
async function restored(bytes: Uint8Array): Promise<unknown> {
  const file = join(root, `case-${(count += 1)}.tar`);
  const target = join(root, `target-${count}`);
  await writeFile(file, bytes);
  const outcome = await restoreBackup({ file, data: target }).then(
    () => 'restored',
    (error: { code?: string; message: string }) => error,
  );
  if (outcome !== 'restored') {
    await expect(access(target)).rejects.toThrow('ENOENT');
    expect((await readdir(root)).filter((name) => name.startsWith('.'))).toEqual([]);
  }
  return outcome;
}

async function archive(files: readonly [path: string, content: string][]): Promise<Buffer> {
  const path = join(root, `made-${(count += 1)}.tar`);
  const handle = await open(path, 'wx');
  const tar = createTarWriter(handle);
  for (const [name, content] of files) await tar.add(name, Buffer.byteLength(content), 0, [Buffer.from(content)]);
  await tar.end();
  await handle.close();
  return readFile(path);
}

const header = JSON.stringify({
  kind: 'colophon-backup',
  version: 1,
  colophon: 'x',
  dataVersion: 1,
  created: '2026-01-01T00:00:00Z',
  keys: false,
});
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const manifest = (files: readonly [string, string][]) =>
  JSON.stringify({ files: files.map(([path, content]) => ({ path, size: Buffer.byteLength(content), sha256: sha256(content) })) });

test('the undamaged backup is restored', async () => {
  expect(await restored(good)).toBe('restored');
});

describe('damage', () => {
  test('cut off anywhere', async () => {
    for (const share of [0, 0.01, 0.3, 0.7, 0.99]) {
      const end = Math.floor((good.length * share) / 512) * 512;
      expect(await restored(good.subarray(0, end)), String(end)).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
    }
    expect(await restored(good.subarray(0, good.length - 1))).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
  });

  test('one bit, in every block of a sample', { timeout: 120_000 }, async () => {
    for (let at = 137; at < good.length - 1024; at += Math.floor(good.length / 60)) {
      const bytes = Buffer.from(good);
      bytes[at] = (bytes[at] as number) ^ 1;
      expect(await restored(bytes), `byte ${at}`).toMatchObject({ code: expect.stringMatching(/^SERVER_(?:BACKUP_INVALID|DATA_NEWER)$/) });
    }
  });

  test('something behind its end', async () => {
    expect(await restored(Buffer.concat([good, Buffer.alloc(512)]))).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
  });

  test('no tar, and nothing', async () => {
    expect(await restored(Buffer.from('not a backup'))).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
    expect(await restored(Buffer.alloc(10_240))).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
  });
});

describe('archives that a stranger made', () => {
  const version: [string, string] = ['version', '1\n'];

  test.each<[string, [string, string][]]>([
    [
      'a path that leads out',
      [
        ['backup.json', header],
        ['../escaped', 'x'],
        ['manifest.json', manifest([['../escaped', 'x']])],
      ],
    ],
    [
      'an absolute path',
      [
        ['backup.json', header],
        ['/tmp/escaped', 'x'],
        ['manifest.json', manifest([['/tmp/escaped', 'x']])],
      ],
    ],
    [
      'dots within',
      [
        ['backup.json', header],
        ['runs/../../x', 'x'],
        ['manifest.json', manifest([['runs/../../x', 'x']])],
      ],
    ],
    [
      'a place that no backup has',
      [
        ['backup.json', header],
        ['sockets/signer.sock', 'x'],
        ['manifest.json', manifest([['sockets/signer.sock', 'x']])],
      ],
    ],
    [
      'a git hook',
      [
        ['backup.json', header],
        version,
        ['inputs/repositories/ab.git/hooks/x', 'x'],
        ['manifest.json', manifest([version, ['inputs/repositories/ab.git/hooks/x', 'x']])],
      ],
    ],
    [
      'a git configuration',
      [
        ['backup.json', header],
        version,
        ['inputs/repositories/ab.git/config', 'x'],
        ['manifest.json', manifest([version, ['inputs/repositories/ab.git/config', 'x']])],
      ],
    ],
    ['a file twice', [['backup.json', header], version, version, ['manifest.json', manifest([version])]]],
    [
      'a file that the manifest does not name',
      [['backup.json', header], version, ['tokens.json', '{}'], ['manifest.json', manifest([version])]],
    ],
    ['a file that is missing', [['backup.json', header], version, ['manifest.json', manifest([version, ['tokens.json', '{}']])]]],
    ['no manifest', [['backup.json', header], version]],
    ['no header', [version, ['manifest.json', manifest([version])]]],
    [
      'a blob of another digest',
      [
        ['backup.json', header],
        version,
        [`blobs/sha256/${sha256('a').slice(0, 2)}/${sha256('a')}`, 'b'],
        ['manifest.json', manifest([version, [`blobs/sha256/${sha256('a').slice(0, 2)}/${sha256('a')}`, 'b']])],
      ],
    ],
    ['another kind', [['backup.json', header.replace('colophon-backup', 'other')], version, ['manifest.json', manifest([version])]]],
  ])('%s', async (_name, files) => {
    expect(await restored(await archive(files))).toMatchObject({ code: 'SERVER_BACKUP_INVALID' });
  });

  test('a symbolic link', async () => {
    const bytes = await archive([['backup.json', header], version, ['manifest.json', manifest([version])]]);
    const at = bytes.indexOf('version\0');
    bytes.write('2', at + 156);
    // With a right checksum, as tar would write it.
    const sum = bytes.subarray(at, at + 512).reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
    expect(await restored(bytes)).toMatchObject({ code: 'SERVER_BACKUP_INVALID', message: expect.stringContaining('no file') });
  });

  test('a newer data version', async () => {
    const newer = header.replace('"dataVersion":1', '"dataVersion":2');
    expect(await restored(await archive([['backup.json', newer], version, ['manifest.json', manifest([version])]]))).toMatchObject({
      code: 'SERVER_DATA_NEWER',
    });
  });

  test('a long name and an honest manifest come through', async () => {
    const long: [string, string] = [`runs/${'u'.repeat(60)}/step-${'n'.repeat(60)}.log`, 'text'];
    expect(await restored(await archive([['backup.json', header], version, long, ['manifest.json', manifest([version, long])]]))).toBe(
      'restored',
    );
  });
});

test('nothing is restored over what is there', async () => {
  const target = join(root, 'full');
  await mkdir(target);
  await writeFile(join(target, 'x'), 'mine');
  await expect(restoreBackup({ file: join(root, 'good.tar'), data: target })).rejects.toMatchObject({ code: 'SERVER_RESTORE_REFUSED' });
  expect(await readFile(join(target, 'x'), 'utf8')).toBe('mine');
  const empty = join(root, 'empty');
  await mkdir(empty);
  await expect(restoreBackup({ file: join(root, 'good.tar'), data: empty })).resolves.toMatchObject({ keys: true });
});

test('a backup replaces no file, and needs a data directory', async () => {
  await expect(
    createBackup({ data: join(root, 'data'), file: join(root, 'good.tar'), withKeys: false, program: 'x' }),
  ).rejects.toMatchObject({
    code: 'SERVER_RESTORE_REFUSED',
  });
  expect(await readFile(join(root, 'good.tar'))).toEqual(good);
  await expect(createBackup({ data: root, file: join(root, 'none.tar'), withKeys: false, program: 'x' })).rejects.toMatchObject({
    code: 'SERVER_DATA_MISSING',
  });
});
