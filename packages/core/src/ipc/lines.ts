import type { Socket } from 'node:net';
import { StringDecoder } from 'node:string_decoder';

/**
 * Reads JSON, one message a line. Splits at line feeds only: node:readline also splits at U+2028 and U+2029, which JSON.stringify leaves in strings, and a
 * step's output, which an attacker controls, travels in them. A line that is not JSON ends the connection, not the process.
 */
export function readMessages(socket: Socket, onMessage: (message: never) => void): void {
  const decoder = new StringDecoder('utf8');
  let parts: string[] = [];
  socket.on('data', (chunk: Buffer) => {
    const [head = '', ...lines] = decoder.write(chunk).split('\n');
    parts.push(head);
    for (const next of lines) {
      const line = parts.join('');
      parts = [next];
      let message: unknown;
      try {
        message = JSON.parse(line);
      } catch {
        socket.destroy();
        return;
      }
      onMessage(message as never);
    }
  });
}
