// Writes tar, ar and .deb bytes for the tests: also such as no tool would write.

export interface TestEntry {
  name: string;
  type?: string;
  content?: string | Uint8Array;
  link?: string;
  mode?: number;
  uid?: number;
  gid?: number;
  mtime?: number;
  /** What the header says, when that is a lie. */
  size?: number;
  /** `gnu` by default. */
  dialect?: 'gnu' | 'ustar' | 'v7';
  prefix?: string;
  /** Last word on the header, before the checksum. */
  edit?: (header: Buffer) => void;
  badChecksum?: boolean;
}

export function header(entry: TestEntry): Buffer {
  const block = Buffer.alloc(512);
  const content = Buffer.from((entry.content ?? '') as string);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(entry.name, 0, 100, 'utf8');
  octal(entry.mode ?? (entry.type === '5' ? 0o755 : 0o644), 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(entry.size ?? content.length, 124, 12);
  octal(entry.mtime ?? 1_700_000_000, 136, 12);
  block.write(entry.type ?? '0', 156, 'latin1');
  block.write(entry.link ?? '', 157, 100, 'utf8');
  if (entry.dialect === 'ustar') block.write('ustar\x0000root', 257, 'latin1');
  else if (entry.dialect !== 'v7') block.write('ustar  \0root', 257, 'latin1');
  if (entry.prefix !== undefined) block.write(entry.prefix, 345, 155, 'utf8');
  entry.edit?.(block);
  block.fill(32, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0) + (entry.badChecksum === true ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function tar(entries: readonly TestEntry[], options: { end?: Buffer } = {}): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = Buffer.from((entry.content ?? '') as string);
    return [header(entry), content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, options.end ?? Buffer.alloc(1024)]);
}

export function paxRecord(key: string, value: string): string {
  const body = ` ${key}=${value}\n`;
  let length = Buffer.byteLength(body);
  while (String(length).length + Buffer.byteLength(body) !== length) length = String(length).length + Buffer.byteLength(body);
  return `${length}${body}`;
}

export function ar(members: readonly { name: string; data: Uint8Array; size?: number; magic?: string }[]): Buffer {
  const parts = members.flatMap(({ name, data, size, magic }) => [
    Buffer.from(
      `${name.padEnd(16)}${'0'.padEnd(12)}${'0'.padEnd(6)}${'0'.padEnd(6)}${'100644'.padEnd(8)}${String(size ?? data.length).padEnd(10)}${magic ?? '`\n'}`,
      'latin1',
    ),
    Buffer.from(data),
    Buffer.from(data.length % 2 === 1 ? '\n' : ''),
  ]);
  return Buffer.concat([Buffer.from('!<arch>\n'), ...parts]);
}

export const controlText = 'Package: demo\nVersion: 1.0-1\nArchitecture: all\nDescription: a demo\n of two lines\n';

/** A plain .deb; what is given replaces the members' tar files. */
export function deb(data: Uint8Array, options: { control?: Uint8Array; dataName?: string; controlName?: string } = {}): Buffer {
  return ar([
    { name: 'debian-binary', data: Buffer.from('2.0\n') },
    {
      name: options.controlName ?? 'control.tar',
      data:
        options.control ??
        tar([
          { name: './', type: '5' },
          { name: './control', content: controlText },
        ]),
    },
    { name: options.dataName ?? 'data.tar', data },
  ]);
}
