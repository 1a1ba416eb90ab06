// Resolution hook: gives bitcoinjs-lib the DataView build of uint8array-tools. Its Node build copies the whole rest of the block for every integer it reads
// (seconds for this block); the comparison is with the rival at its best.
const target = new URL('../../tests/peers/node_modules/uint8array-tools/src/mjs/browser.js', import.meta.url).href;

export async function resolve(specifier, context, next) {
  return specifier === 'uint8array-tools' ? { url: target, format: 'module', shortCircuit: true } : next(specifier, context);
}
