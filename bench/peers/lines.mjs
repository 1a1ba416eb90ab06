// Calls back for every line that arrives over a socket of loopback; an empty line collects garbage. Resolves with the port.
import { createServer } from 'node:net';

export function listenForLines(take) {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      let rest = Buffer.alloc(0);
      socket.on('data', (chunk) => {
        rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
        let start = 0;
        for (let end; (end = rest.indexOf(10, start)) >= 0; start = end + 1) {
          if (end === start) globalThis.gc?.();
          else take(rest.subarray(start, end));
        }
        rest = rest.subarray(start);
      });
      socket.on('error', () => {});
    }).listen(0, '127.0.0.1', () => resolve(server.address().port));
  });
}
