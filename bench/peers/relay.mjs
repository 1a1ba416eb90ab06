// Rival of `Belfry.Load latency`: what people put between a node and a browser: a ZeroMQ subscription to rawtx, and every message goes to every WebSocket as hex.
// Nothing is decoded, matched or stored. With "sync" each message is appended to a file and synced before it is sent: the least that durable means.
import { createRequire } from 'node:module';
import { openSync, writeSync, fdatasyncSync, readFileSync } from 'node:fs';

const [, , zmqUrl, file] = process.argv;
const peers = new URL('../../tests/peers/node_modules/', import.meta.url);
const require = createRequire(new URL('x.js', peers));
const { WebSocketServer, WebSocket } = require('ws');
const zmq = require('zeromq');
const version = (name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, peers), 'utf8')).version;

const log = file ? openSync(file, 'w') : null;
const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('listening', async () => {
  const subscriber = new zmq.Subscriber();
  subscriber.connect(zmqUrl);
  subscriber.subscribe('rawtx');
  process.stdout.write(`ready ${server.address().port} 0 ws ${version('ws')}, zeromq ${version('zeromq')}, node ${process.versions.node}\n`);
  for await (const [, body] of subscriber) {
    if (log !== null) {
      writeSync(log, body);
      fdatasyncSync(log);
    }
    const text = `{"type":"rawtx","data":"${body.toString('hex')}"}`;
    for (const client of server.clients) {
      if (client.readyState === WebSocket.OPEN) client.send(text);
    }
  }
});
