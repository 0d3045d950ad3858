/**
 * The last bytes that were decoded, as far back as the dictionary reaches. It grows with what is decoded, never with
 * what a header promises: a dictionary of 4 GiB costs nothing until so much has come.
 */
export class Window {
  #bytes = new Uint8Array(1 << 16);
  #dictionary = 0;
  /** Where the next byte goes in the buffer. */
  position = 0;
  /** How many bytes were put since the last reset, modulo 2^32: LZMA's position. */
  total = 0;
  /** How far back may be looked. */
  #available = 0;

  reset(dictionary: number): void {
    this.#dictionary = dictionary;
    this.position = 0;
    this.total = 0;
    this.#available = 0;
  }

  /** Forgets what came before, in the same dictionary. */
  clear(): void {
    this.reset(this.#dictionary);
  }

  /** Makes room for `size` more bytes; gives the position of the first. Older bytes than the dictionary holds go. */
  reserve(size: number): number {
    const needed = this.position + size;
    if (needed > this.#bytes.length) {
      const kept = Math.min(this.position, this.#dictionary);
      const from = this.position - kept;
      if (kept + size > this.#bytes.length / 2 || from === 0) {
        const larger = new Uint8Array(Math.max(2 * this.#bytes.length, 2 * (kept + size)));
        larger.set(this.#bytes.subarray(from, this.position));
        this.#bytes = larger;
      } else this.#bytes.copyWithin(0, from, this.position);
      this.position = kept;
    }
    return this.position;
  }

  /** The byte `distance` + 1 back; 0 before the beginning. */
  back(distance: number): number {
    return distance < this.#available ? (this.#bytes[this.position - 1 - distance] as number) : 0;
  }

  put(byte: number): void {
    this.#bytes[this.position++] = byte;
    this.total = (this.total + 1) >>> 0;
    if (this.#available < this.#dictionary) this.#available++;
  }

  /** Repeats `length` bytes from `distance` + 1 back, which may overlap; false if that is before the beginning. */
  copy(distance: number, length: number): boolean {
    if (distance >= this.#available) return false;
    const bytes = this.#bytes;
    let to = this.position;
    let from = to - distance - 1;
    const end = to + length;
    if (distance >= length) bytes.copyWithin(to, from, from + length);
    else while (to < end) bytes[to++] = bytes[from++] as number;
    this.#moved(length);
    return true;
  }

  /** Bytes of a chunk that is not compressed. */
  append(data: Uint8Array): void {
    this.#bytes.set(data, this.position);
    this.#moved(data.length);
  }

  /** A copy of what was put since `start`. */
  since(start: number): Uint8Array {
    return this.#bytes.slice(start, this.position);
  }

  #moved(length: number): void {
    this.position += length;
    this.total = (this.total + length) >>> 0;
    this.#available = Math.min(this.#available + length, this.#dictionary);
  }
}
