// The rival's side of `Belfry.Bench decode`: bitcoinjs-lib on the same block, asked run by run over standard input, one number (milliseconds) a line.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const peers = fileURLToPath(new URL('../../tests/peers/', import.meta.url));
const require = createRequire(`${peers}package.json`);
const { version } = JSON.parse(readFileSync(`${peers}node_modules/bitcoinjs-lib/package.json`, 'utf8'));
const { Block } = require('bitcoinjs-lib');
const raw = readFileSync(process.argv[2]);

const work = {
  parse: () => Block.fromBuffer(raw).transactions.length,
  ids: () => {
    const block = Block.fromBuffer(raw);
    for (const transaction of block.transactions) transaction.getHash(false);
    if (!block.checkTxRoots()) throw new Error('wrong merkle root');
    return block.transactions.length;
  },
};

process.stdout.write(`ready bitcoinjs-lib ${version}, node ${process.versions.node}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  const run = work[line.trim()];
  const start = process.hrtime.bigint();
  const count = run();
  const took = Number(process.hrtime.bigint() - start) / 1e6;
  process.stdout.write(`${took} ${count}\n`);
}
