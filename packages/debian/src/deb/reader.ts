/** Takes exact lengths out of a stream of chunks. */
export interface ExactReader {
  /** `length` bytes, or undefined if the stream ends first. Owned by the caller: never a view of a buffer used again. */
  take(length: number): Promise<Uint8Array | undefined>;
  /** Reads to the end; true if every byte that was left is zero. */
  restIsZero(): Promise<boolean>;
  close(): Promise<void>;
}

export function exactReader(stream: AsyncIterable<Uint8Array>): ExactReader {
  const iterator = stream[Symbol.asyncIterator]();
  let chunk: Uint8Array = new Uint8Array();
  let offset = 0;
  const refill = async (): Promise<boolean> => {
    while (offset === chunk.length) {
      const next = await iterator.next();
      if (next.done === true) return false;
      chunk = next.value;
      offset = 0;
    }
    return true;
  };
  return {
    async take(length) {
      const parts: Uint8Array[] = [];
      let missing = length;
      while (missing > 0) {
        if (!(await refill())) return undefined;
        const part = chunk.subarray(offset, offset + missing);
        offset += part.length;
        missing -= part.length;
        parts.push(part);
      }
      // Copied in one go at the end: a header that lies about its size costs only the bytes that really come.
      return Buffer.concat(parts, length);
    },
    async restIsZero() {
      let zero = true;
      while (await refill()) {
        for (; offset < chunk.length; offset++) zero &&= chunk[offset] === 0;
      }
      return zero;
    },
    async close() {
      await iterator.return?.(undefined);
    },
  };
}
