import { execFileSync } from 'node:child_process';
import { nativeXz } from '../../src/codec/xz/xz.ts';

/** True where npm has installed the native decoder. */
export const hasNative = (await nativeXz()) !== undefined;

/** True where xz itself is installed. */
export const hasXz = (() => {
  try {
    execFileSync('xz', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

const native = hasNative ? (await import('@napi-rs/lzma')).xz : undefined;

/** Compresses by the native encoder, or by xz where there is none. */
export function compressXz(data: Uint8Array): Buffer {
  return native?.compressSync(data) ?? runXz([], data);
}

export function runXz(options: readonly string[], input: Uint8Array): Buffer {
  return execFileSync('xz', ['-c', ...options], { input, maxBuffer: 1e9 });
}
