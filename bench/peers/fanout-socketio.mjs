// Rival of `Belfry.Load fanout`: socket.io over its WebSocket transport only. It encodes once for all and sends to each.
import { createRequire } from 'node:module';
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { listenForLines } from './lines.mjs';

const peers = new URL('../../tests/peers/node_modules/', import.meta.url);
const { Server } = createRequire(new URL('x.js', peers))('socket.io');
const { version } = JSON.parse(readFileSync(new URL('socket.io/package.json', peers), 'utf8'));

const http = createServer();
// No ping within a run: the clients of the bench only read.
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, pingInterval: 300000, serveClient: false });
http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, async () => {
  const feed = await listenForLines((line) => io.emit('event', JSON.parse(line)));
  process.stdout.write(`ready ${http.address().port} ${feed} socket.io ${version}, node ${process.versions.node}\n`);
});
