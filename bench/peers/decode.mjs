// The rival's side of `Belfry.Bench decode`: bitcoinjs-lib on the same block, asked run by run over standard input, one number (milliseconds) a line.
import { readFileSync } from 'node:fs';
import { register } from 'node:module';
import { createInterface } from 'node:readline';

const peers = new URL('../../tests/peers/node_modules/', import.meta.url);
if (process.argv[3] !== 'as-installed') register('./browser-bytes.mjs', import.meta.url);
const { Block } = await import(new URL('bitcoinjs-lib/src/esm/index.js', peers).href);
const { version } = JSON.parse(readFileSync(new URL('bitcoinjs-lib/package.json', peers), 'utf8'));
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
