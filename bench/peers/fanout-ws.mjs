// Rival of `Belfry.Load fanout`: ws, as its own documentation broadcasts: one send per open client. The bytes are given to it as they are.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { listenForLines } from './lines.mjs';

const peers = new URL('../../tests/peers/node_modules/', import.meta.url);
const { WebSocketServer, WebSocket } = createRequire(new URL('x.js', peers))('ws');
const { version } = JSON.parse(readFileSync(new URL('ws/package.json', peers), 'utf8'));

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false, backlog: 4096, clientTracking: true });
server.on('connection', (client) => client.on('error', () => {}));
server.on('listening', async () => {
  const feed = await listenForLines((line) => {
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(line, { binary: false });
    }
  });
  process.stdout.write(`ready ${server.address().port} ${feed} ws ${version}, node ${process.versions.node}\n`);
});
