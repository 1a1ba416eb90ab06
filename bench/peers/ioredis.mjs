// Answers "<get|set|incr> <callers> <seconds> <auto|plain>" on standard input with "<milliseconds> <commands>": that many callers, each sends its next command when the last was answered.
// argv[2] is the port of a redis-server on loopback.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const require = createRequire(new URL('../../tests/peers/package.json', import.meta.url));
const { Redis } = require('ioredis');
const port = Number(process.argv[2]);
const clients = { auto: new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true }), plain: new Redis({ port, host: '127.0.0.1', enableAutoPipelining: false }) };
await Promise.all(Object.values(clients).map((client) => client.ping()));
const value = Buffer.alloc(100, 120);

const steps = {
  get: (client, caller) => client.getBuffer(`value:${caller}`),
  set: (client, caller) => client.set(`value:${caller}`, value),
  incr: (client, caller) => client.incr(`counter:${caller}`),
};

console.log(`ready ioredis ${require('ioredis/package.json').version}, node ${process.versions.node}`);
for await (const line of createInterface({ input: process.stdin })) {
  const [kind, callers, seconds, mode] = line.split(' ');
  const [step, client] = [steps[kind], clients[mode]];
  let count = 0;
  const start = performance.now();
  const end = start + Number(seconds) * 1000;
  await Promise.all(Array.from({ length: Number(callers) }, async (_, caller) => {
    do {
      await step(client, caller);
      count++;
    } while (performance.now() < end);
  }));
  console.log(`${performance.now() - start} ${count}`);
}
for (const client of Object.values(clients)) client.disconnect();
