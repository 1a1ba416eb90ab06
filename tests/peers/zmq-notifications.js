// Plugin of bcoin and bcash: publishes what Bitcoin Core publishes over ZeroMQ, in Core's frames: [topic][body][counter, uint32 LE, one per topic].
// Topics: hashtx rawtx hashblock rawblock sequence; hashes in display order. Endpoint: environment variable ZMQ_ENDPOINT.
// As in Core, a transaction is published when it enters the mempool, and again when its block connects or disconnects, and a mined transaction gets no `R`.
'use strict';

const zmq = require('zeromq');

const display = (hash) => Buffer.from(hash).reverse();

class ZmqNotifications {
  constructor(node) {
    this.node = node;
    this.counters = new Map();
    this.mempoolSequence = 0n;
    this.connected = [];      // hashes of connected blocks with their heights: a chain reset does not say which blocks it took
    this.mined = new Set();   // transactions of the block that the mempool is digesting
    this.queue = Promise.resolve();
  }

  async open() {
    this.socket = new zmq.Publisher({ sendHighWaterMark: 0, linger: 0 });
    await this.socket.bind(process.env.ZMQ_ENDPOINT);
    const { mempool, chain } = this.node;

    const addBlock = mempool._addBlock;
    mempool._addBlock = async (block, txs) => {
      this.mined = new Set(txs.map((tx) => tx.hash().toString('hex')));
      try {
        return await addBlock.call(mempool, block, txs);
      } finally {
        this.mined.clear();
      }
    };

    mempool.on('tx', (tx) => {
      this.transaction(tx);
      this.sequence(display(tx.hash()), 'A', ++this.mempoolSequence);
    });
    mempool.on('remove entry', ({ tx }) => {
      ++this.mempoolSequence;
      if (!this.mined.has(tx.hash().toString('hex'))) this.sequence(display(tx.hash()), 'R', this.mempoolSequence);
    });
    chain.on('connect', (entry, block) => this.connect(entry, block));
    chain.on('disconnect', (entry, block) => {
      this.connected.pop();
      for (const tx of block.txs) this.transaction(tx);
      this.sequence(display(block.hash()), 'D');
    });
    chain.on('reset', (tip) => {
      while (this.connected.length > 0 && this.connected.at(-1).height > tip.height) this.sequence(this.connected.pop().hash, 'D');
    });
  }

  async close() {
    await this.queue;
    this.socket.close();
  }

  connect(entry, block) {
    const hash = display(block.hash());
    this.connected.push({ height: entry.height, hash });
    for (const tx of block.txs) this.transaction(tx);
    this.publish('hashblock', hash);
    this.publish('rawblock', block.toRaw());
    this.sequence(hash, 'C');
  }

  transaction(tx) {
    this.publish('hashtx', display(tx.hash()));
    this.publish('rawtx', tx.toRaw());
  }

  sequence(hash, label, mempoolSequence) {
    const body = Buffer.alloc(mempoolSequence === undefined ? 33 : 41);
    hash.copy(body);
    body.write(label, 32, 'latin1');
    if (mempoolSequence !== undefined) body.writeBigUInt64LE(mempoolSequence, 33);
    this.publish('sequence', body);
  }

  publish(topic, body) {
    const next = this.counters.get(topic) ?? 0;
    this.counters.set(topic, (next + 1) >>> 0);
    const counter = Buffer.alloc(4);
    counter.writeUInt32LE(next);
    this.queue = this.queue.then(() => this.socket.send([topic, body, counter])).catch((problem) => {
      // A publisher that loses frames silently would make a test of gap detection pass for the wrong reason.
      console.error(`zmq: ${problem.message}`);
    });
  }
}

exports.id = 'zmq-notifications';
exports.init = (node) => new ZmqNotifications(node);
