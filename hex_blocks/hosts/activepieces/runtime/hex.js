'use strict';
/** Calls tools with the connection of a step, and converts errors to one line of text. */

const { AsyncLocalStorage } = require('node:async_hooks');
const { createHash } = require('node:crypto');

const { credentialsOf } = require('../core/builder_connection');
const { HexError, createCore } = require('../core/core');
const { failureOf, inOneLine } = require('../core/failures');
const { allowedByEnvironment, clock, http } = require('../core/node_host');
const specs = require('../core/specs.json');

/**
 * @typedef {{ apiKey?: unknown, region?: unknown, baseUrl?: unknown }} Connected what the connection's form holds
 * @typedef {Connected | { props: Connected } | undefined} Auth the same, as a step has it
 *
 * The store of a flow, as far as it is used here.
 * @typedef {object} Store
 * @property {(key: string) => Promise<any>} get
 * @property {(key: string, value: any) => Promise<unknown>} put
 * @property {(key: string) => Promise<void>} delete
 */

const data = /** @type {import('../core/core').Data} */ (/** @type {unknown} */ (specs));
/** @type {AsyncLocalStorage<Store>} the store of the flow whose step runs */
const stores = new AsyncLocalStorage();

const core = createCore(data, {
  http,
  clock,
  userAgent: `hex-blocks/${data.version} (activepieces)`,
  store: {
    read: (key) => stores.getStore()?.get(placeOf(key)),
    write: (key, start) => {
      const store = stores.getStore();
      return start ? store?.put(placeOf(key), start) : store?.delete(placeOf(key));
    },
  },
});

/**
 * Return the name of a start in the store, which is short enough for it.
 * @param {string} key
 */
function placeOf(key) {
  return `hex_started_${digest(key)}`;
}

/** @param {unknown} value */
function digest(value) {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 40);
}

/**
 * Run a tool. Errors are those of the core.
 * @param {Auth} auth
 * @param {string} tool
 * @param {Record<string, unknown>} inputs
 * @param {Store} [store] where starts are kept beyond this process
 * @returns {Promise<Record<string, any>>}
 */
async function ask(auth, tool, inputs, store) {
  const given = auth && 'props' in auth ? auth.props : auth;
  const connection = core.connect({ ...credentialsOf(given), allowedHosts: allowedByEnvironment() });
  const work = () => core.call(tool, inputs, connection);
  return store ? stores.run(store, work) : work();
}

/**
 * Run a tool. The message of an error has its sentence, hint, URL of the run, and key.
 * @type {typeof ask}
 */
async function call(auth, tool, inputs, store) {
  try {
    return await ask(auth, tool, inputs, store);
  } catch (error) {
    throw told(error);
  }
}

/**
 * Return the error that a step shows.
 * @param {unknown} error
 */
function told(error) {
  if (!(error instanceof HexError)) return error;
  const { message: _, ...more } = failureOf(error);
  return Object.assign(new Error(sentenceOf(error)), more);
}

/** @param {unknown} error */
function sentenceOf(error) {
  return inOneLine(failureOf(error));
}

/**
 * Check a connection.
 * @param {Auth} auth
 * @returns {Promise<{ valid: true } | { valid: false, error: string }>}
 */
async function validated(auth) {
  try {
    await ask(auth, 'hex_check_connection', {});
    return { valid: true };
  } catch (error) {
    if (!(error instanceof HexError)) throw error;
    return { valid: false, error: sentenceOf(error) };
  }
}

module.exports = { ask, call, core, digest, placeOf, sentenceOf, told, validated };
