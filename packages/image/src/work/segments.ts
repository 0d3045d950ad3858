import { deflateSegmentAt, segmentCount } from '../encoder/deflate.ts';

/** An input in shared memory, and the number of the segment that nobody has taken yet. */
export interface SegmentTask {
  readonly data: SharedArrayBuffer;
  readonly offset: number;
  readonly length: number;
  readonly next: SharedArrayBuffer;
}

export type Encoded = readonly [index: number, bytes: Uint8Array];

/** Takes segments until there is none left. */
export function encodeNext(task: SegmentTask): Encoded[] {
  const data = new Uint8Array(task.data, task.offset, task.length);
  const counter = new Int32Array(task.next);
  const encoded: Encoded[] = [];
  for (;;) {
    const index = Atomics.add(counter, 0, 1);
    if (index >= segmentCount(task.length)) return encoded;
    encoded.push([index, deflateSegmentAt(data, index)]);
  }
}
