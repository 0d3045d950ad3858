import { constants, closeSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * A step's standard output or error: a FIFO, opened at both ends. A real pipe, because what Node makes are sockets, which
 * `/dev/stdout` and `/dev/stderr` cannot be opened through.
 */
export interface OutputPipe {
  readonly readable: Readable;
  /** Given to the step's process, then closed here: the stream ends when the last process that holds it is gone. */
  readonly writeEnd: number;
  closeWriteEnd(): void;
}

export function openOutputPipe(fifo: string): OutputPipe {
  // The reader first: a writer would wait for one.
  const readEnd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  const writeEnd = openSync(fifo, constants.O_WRONLY | constants.O_NOFOLLOW);
  const readable = new Socket({ fd: readEnd, readable: true, writable: false });
  let open = true;
  return {
    readable,
    writeEnd,
    closeWriteEnd() {
      if (open) closeSync(writeEnd);
      open = false;
    },
  };
}
