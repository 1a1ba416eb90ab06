// Preloaded by `node --require`: lets bcoin and bcash run without their native database, whose add-on does not compile on current Node.
// The tests keep chains in memory, so the class only has to exist when it is required; opening it says what is wrong.
'use strict';

const Module = require('module');
const path = require('path');

class NoLevelDb {
  open() { throw new Error('No native database here: start the node with --memory=true.'); }
}

const load = Module._load;
Module._load = function (request, parent, ...rest) {
  const fromDatabase = parent && parent.filename && parent.filename.includes(`${path.sep}bdb${path.sep}`);
  if (request === 'leveldown' || (fromDatabase && request === './level')) return NoLevelDb;
  return load.call(this, request, parent, ...rest);
};
