/** One entry of a ustar archive (POSIX pax(1)), header and padded content, with whatever values a test wants in it. */
export function header(fields: { name: string; type: string; link?: string; size?: number; content?: string; mode?: number }): Buffer {
  const content = Buffer.from(fields.content ?? '');
  const block = Buffer.alloc(512);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  block.write(fields.name, 0, 'utf8');
  octal(fields.mode ?? 0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(fields.size ?? content.length, 124, 12);
  octal(0, 136, 12);
  block.write('        ', 148);
  block.write(fields.type, 156);
  block.write(fields.link ?? '', 157, 'utf8');
  block.write('ustar\u000000', 257, 'latin1');
  octal(
    block.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return Buffer.concat([block, content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}
