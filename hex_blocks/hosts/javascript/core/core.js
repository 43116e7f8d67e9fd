'use strict';
/**
 * The core for hosts without Python: the same tools, checks, requests, results and errors as in Python.
 *
 *     const { createCore } = require('./core/core');
 *     const core = createCore(require('./specs.json'), { http, clock });
 *     const connection = core.connect({ apiKey, region: 'eu' });
 *     const run = await core.call('hex_run_and_wait', { projectId, inputParams }, connection, { stop, language: 'de' });
 *
 * Errors are HexErrors with `key`, `kind`, `values`, `faults`, `traceId`, `said(language)`, `hint(language)` and
 * `document(language)`. Results are the tool's outputs in declared order, with `warnings` if there are any.
 *
 * The host provides HTTP and a clock (see `api.js` and `clock.js`); `node_host.js` has both for hosts in Node. Nothing
 * here reads the environment or files, or sets timers.
 */

const { HexApi } = require('./api');
const { DEFAULT_BASE_URL, REGIONS, allowedHosts, baseUrl } = require('./base_url');
const { clockOf } = require('./clock');
const { HexError, useTables } = require('./errors');
const { handlerOf } = require('./handlers');
const { checkInputs } = require('./inputs');
const { selectOutputs } = require('./outputs');
const { coerceReply } = require('./replies');
const { buildRequest, encodeQuery } = require('./requests');
const { Starts } = require('./starts');
const { nearestLanguage, strip, text, useTexts } = require('./text');
const { tokenFault } = require('./tokens');
const { ToolCall } = require('./tool_call');

/**
 * @typedef {import('./spec').ToolSpec} ToolSpec
 *
 * The data that `hex-blocks export specs` writes, in one or several languages.
 * @typedef {object} Data
 * @property {string} version
 * @property {Record<string, ToolSpec>} tools the tools of the host
 * @property {Record<string, ToolSpec>} helpers tools that are only called by handlers
 * @property {import('./errors').Tables} tables
 * @property {import('./budget').Limits} limits
 * @property {Record<string, Record<string, string | string[]>>} texts by language, then by English sentence
 * @property {Record<string, string>} [plurals] by language, gettext's formula for the plural form of a number
 *
 * @typedef {object} Host
 * @property {import('./api').Http} http
 * @property {import('./clock').Clock} clock
 * @property {import('./starts').Store} [store] stores starts beyond this process
 * @property {import('./budget').Limits} [limits] rate limits, if they differ from Hex's
 * @property {string} [userAgent]
 * @property {() => number} [random]
 *
 * @typedef {object} Credentials
 * @property {string} apiKey
 * @property {string} [region] app, eu, hc or custom
 * @property {string} [baseUrl] for custom: the URL of Hex, with or without /api/v1
 * @property {string[]} [allowedHosts] hosts that the operator allows besides hex.tech
 * @property {boolean} [loopback] whether this machine is allowed, for the sandbox
 * @property {boolean} [pinned] whether the input `baseUrl` of calls is ignored
 *
 * @typedef {object} CallOptions
 * @property {string | null} [language] of sentences; Default: English
 * @property {AbortSignal | null} [stop] ends the call early
 * @property {((progress: import('./tool_call').Progress) => void) | null} [onProgress] called with progress reports
 * @property {((seconds: number, error: HexError) => void) | null} [onWait] called for each wait for Hex
 * @property {number} [timeout] seconds that one request may take. Default: 60
 * @property {number} [patience] seconds that one request may wait in all, its retries included. Default: 120
 */

const TIMEOUT = 60;
const PATIENCE = 120;
const MAX_CONNECTIONS = 100;

/**
 * Return the core for the data of an export.
 * @param {Data} data
 * @param {Host} host
 */
function createCore(data, host) {
  return new Core(data, host);
}

class Core {
  /** @type {Map<string, HexApi>} */
  #apis = new Map();

  /** @param {Data} data @param {Host} host */
  constructor(data, host) {
    useTables(data.tables);
    useTexts(data.texts, data.plurals);
    this.host = host;
    this.version = data.version;
    /** The specs of the host's tools, by full ID. */
    this.tools = data.tools;
    this.all = { ...data.helpers, ...data.tools };
    this.limits = { ...data.limits, ...host.limits };
    this.starts = new Starts(host.store);
  }

  /**
   * Return the spec of a tool, by its ID with or without `hex_`.
   * @param {string} id
   */
  tool(id) {
    const found = [id, `hex_${id}`].find((name) => Object.hasOwn(this.all, name));
    if (!found) throw new Error(`${id} is not a tool of this export`);
    return this.all[found];
  }

  /**
   * Return a connection. Connections with the same credentials share rate limits and recent runs.
   * @param {Credentials} credentials
   */
  connect(credentials) {
    return new Connection(credentials, (token, url) => this.#apiOf(token, url));
  }

  /**
   * Run a tool.
   * @param {string | ToolSpec} tool
   * @param {unknown} inputs values by name; null and blank mean not given
   * @param {Connection} connection
   * @param {CallOptions} [options]
   * @returns {Promise<Record<string, any>>}
   */
  async call(tool, inputs, connection, options = {}) {
    const spec = typeof tool === 'string' ? this.tool(tool) : tool;
    const { apiKey, baseUrl: url, ...given } = checkInputs(spec, inputs);
    const handler = handlerOf(spec);
    if (!handler) throw new Error(`${spec.id} does not run here`);
    const language = options.language ? nearestLanguage(options.language) : null;
    const { timeout = TIMEOUT, patience = PATIENCE, stop = null, onProgress = null } = options;
    const call = new ToolCall({
      spec,
      tools: this.all,
      apiOf: () => connection.api(apiKey, url),
      baseUrlOf: () => connection.baseUrlOf(url),
      clock: this.host.clock,
      starts: this.starts,
      timing: { read: timeout, patience, stop, onWait: options.onWait || null },
      language,
      stop,
      onProgress,
    });
    const outputs = selectOutputs(spec, await handler(call, given), given);
    const warnings = call.allWarnings();
    return warnings.length ? { ...outputs, warnings } : outputs;
  }

  /**
   * Return whether the core can run a tool.
   * @param {string} id
   */
  runs(id) {
    return handlerOf(this.tool(id)) !== null;
  }

  /** @param {string} token @param {string} url */
  #apiOf(token, url) {
    const key = `${url} ${token}`;
    const { http, clock, random, userAgent } = this.host;
    const found =
      this.#apis.get(key) ||
      new HexApi({
        baseUrl: url,
        token,
        clock,
        http,
        limits: this.limits,
        random,
        userAgent: userAgent || `hex-blocks/${this.version} (javascript)`,
      });
    this.#apis.delete(key);
    this.#apis.set(key, found);
    for (const oldest of this.#apis.keys()) {
      if (this.#apis.size <= MAX_CONNECTIONS) break;
      this.#apis.delete(oldest);
    }
    return found;
  }
}

/** A token and its base URL, which are not shown if the connection is printed. */
class Connection {
  #credentials;

  #apiOf;

  /** @type {HexApi | null} the adapter for the unchanged credentials, which most calls use */
  #own = null;

  /** @param {Credentials} credentials @param {(token: string, url: string) => HexApi} apiOf */
  constructor(credentials, apiOf) {
    this.#credentials = credentials;
    this.#apiOf = apiOf;
  }

  /**
   * Return the complete, checked base URL.
   * @param {string | null} [given] the base URL of a call
   */
  baseUrlOf(given = null) {
    const { region = 'app', baseUrl: own, allowedHosts: allowed, loopback, pinned } = this.#credentials;
    const ofRegion = region !== 'custom' && Object.hasOwn(REGIONS, region) && !own ? REGIONS[region] : own;
    const wanted = given && !pinned ? given : ofRegion || DEFAULT_BASE_URL;
    return baseUrl(wanted, allowed, loopback);
  }

  /**
   * Return the adapter. Throws if the token or the base URL is not valid.
   * @param {string | null} [apiKey] the token of a call
   * @param {string | null} [url] the base URL of a call
   */
  api(apiKey = null, url = null) {
    if (apiKey || url) return this.#made(apiKey, url);
    this.#own = this.#own || this.#made(null, null);
    return this.#own;
  }

  /** @param {string | null} apiKey @param {string | null} url */
  #made(apiKey, url) {
    const token = sealed(apiKey || this.#credentials.apiKey);
    if (!token) throw new HexError('token_missing');
    const reason = tokenFault(token);
    if (reason) throw new HexError('token_malformed', {}, { reason });
    return this.#apiOf(token, this.baseUrlOf(url));
  }
}

/** @param {unknown} given */
function sealed(given) {
  if (given === null || given === undefined) return '';
  if (typeof given !== 'string') return '\0';
  const token = strip(given);
  const inQuotes = token.length > 1 && token[0] === token.at(-1) && '"\''.includes(token[0]);
  return inQuotes ? strip(token.slice(1, -1)) : token;
}

module.exports = {
  Connection,
  Core,
  HexError,
  allowedHosts,
  buildRequest,
  checkInputs,
  clockOf,
  coerceReply,
  createCore,
  encodeQuery,
  nearestLanguage,
  selectOutputs,
  text,
};
