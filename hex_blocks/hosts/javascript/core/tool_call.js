'use strict';
/** A call of a tool: its requests, warnings, progress, and calls of other tools. */

const { NO_CONTENT } = require('./api');
const { HexError, badInput, notHex, warningSaid } = require('./errors');
const { coerceReply } = require('./replies');
const { buildRequest } = require('./requests');
const { phrase, sentence } = require('./text');

/**
 * @typedef {import('./api').HexApi} HexApi
 * @typedef {import('./api').Timing} Timing
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {{ message: string, status?: string | null, elapsed?: number, percent?: number | null,
 *   remaining?: number | null, values?: Record<string, any> }} Progress
 * @typedef {{ warning: string, message: string }} Warning
 *
 * Deviations in Hex's replies, shared by all parts of a call, so that each warning is given once.
 * @typedef {{ incomplete: Set<string>, unread: Set<string> }} Amiss
 *
 * @typedef {object} CallParts
 * @property {ToolSpec} spec
 * @property {Record<string, ToolSpec>} tools
 * @property {() => HexApi} apiOf returns the adapter; called after the input check, so that faults of inputs come first
 * @property {() => string} baseUrlOf returns the checked base URL of the call
 * @property {import('./clock').Clock} clock
 * @property {import('./starts').Starts} starts
 * @property {Timing} timing
 * @property {string | null} [language]
 * @property {AbortSignal | null} [stop]
 * @property {((progress: Progress) => void) | null} [onProgress]
 * @property {Warning[]} [warnings]
 * @property {Amiss} [amiss]
 */

// The maximum number of fields that a warning or an error names.
const MAX_FIELDS = 5;
// The minimum seconds for a request, even if a call has less time left.
const MIN_READ = 1;

class ToolCall {
  /** @param {CallParts} parts */
  constructor(parts) {
    this.spec = parts.spec;
    this.tools = parts.tools;
    this.apiOf = parts.apiOf;
    this.baseUrlOf = parts.baseUrlOf;
    this.clock = parts.clock;
    this.starts = parts.starts;
    this.timing = parts.timing;
    this.language = parts.language || null;
    this.stop = parts.stop || null;
    this.onProgress = parts.onProgress || null;
    this.warnings = parts.warnings || [];
    this.amiss = parts.amiss || { incomplete: new Set(), unread: new Set() };
  }

  /** The adapter. Throws if the token or the base URL is not valid. */
  get api() {
    return this.apiOf();
  }

  /** Whether the call is being stopped. */
  get stopped() {
    return Boolean(this.stop && this.stop.aborted);
  }

  /**
   * Return a copy of this call with other parts.
   * @param {Partial<CallParts>} other
   */
  with(other) {
    return new ToolCall({ ...this, ...other });
  }

  /**
   * Return a copy of this call for another tool.
   * @param {string} toolId
   * @param {Partial<CallParts>} [other]
   */
  part(toolId, other = {}) {
    return this.with({ spec: this.tool(toolId), ...other });
  }

  /**
   * Return a copy of this call with a time limit in seconds, without progress reports and with its own warnings.
   * @param {number} seconds
   */
  quietly(seconds) {
    return this.with({ timing: { ...this.within(seconds), onWait: null }, onProgress: null, warnings: [] });
  }

  /**
   * Return a timing with a limit in seconds for all waits and for each request.
   * @param {number} seconds
   * @returns {Timing}
   */
  within(seconds) {
    const { timing } = this;
    return { ...timing, patience: Math.max(0, seconds), read: Math.min(timing.read, Math.max(MIN_READ, seconds)) };
  }

  /** @param {string} id */
  tool(id) {
    if (!Object.hasOwn(this.tools, id)) throw new Error(`${id} is not among the tools of this export`);
    return this.tools[id];
  }

  /**
   * Send this tool's request, or another tool's, with checked inputs, and return Hex's reply.
   * @param {Record<string, any>} inputs
   * @param {string} [toolId]
   * @param {{ upload?: import('./multipart').Upload, timing?: Timing }} [options]
   */
  async request(inputs, toolId, options) {
    return (await this.requestClosely(inputs, toolId, options)).reply;
  }

  /**
   * Do the same as `request`, and return the reply with its deviations.
   * @param {Record<string, any>} inputs
   * @param {string} [toolId]
   * @param {{ upload?: import('./multipart').Upload, timing?: Timing }} [options]
   */
  async requestClosely(inputs, toolId, { upload, timing } = {}) {
    const spec = toolId ? this.tool(toolId) : this.spec;
    const { request } = spec;
    if (!request) throw new Error(`${spec.id} has no request`);
    const { path, query, body } = buildRequest(spec, inputs);
    const { method, limitGroup: group, refusedBy503, errors: errorKeys } = request;
    const withoutReply = request.success === NO_CONTENT;
    const sending = { method, path, query, body, upload, group, refusedBy503, withoutReply, errorKeys };
    const reply = await this.api.call(sending, timing || this.timing);
    const fitted = coerceReply(spec, reply);
    // A reply without its list must not be taken for an empty list, because a run might be started again.
    if (fitted.lacking.size) {
      const error = this.replyLacks(listed(fitted.lacking));
      if (method !== 'GET') error.values.outcome = 'unknown';
      throw error;
    }
    for (const name of fitted.missing) this.amiss.incomplete.add(name);
    for (const name of fitted.unread) this.amiss.unread.add(name);
    return fitted;
  }

  /**
   * Return the error for a reply without a required output.
   * @param {string} name
   */
  replyLacks(name) {
    return notHex(this.api.host, phrase('its reply has no {name}', { name }));
  }

  /** @param {string} name @param {string} fault @param {Record<string, unknown>} [values] */
  badInput(name, fault, values) {
    return badInput(this.spec.id, name, fault, values);
  }

  /** @param {string} key @param {Record<string, unknown>} [values] */
  warn(key, values = {}) {
    this.warnings.push(warningSaid(key, this.language, values));
  }

  /** Return all warnings: those of the tool, then those about deviations in Hex's replies. */
  allWarnings() {
    const { incomplete, unread } = this.amiss;
    const told = [...this.warnings];
    if (incomplete.size)
      told.push(warningSaid('reply_incomplete', this.language, { fields: this.fields(incomplete) }));
    if (unread.size) told.push(warningSaid('reply_unread', this.language, { fields: this.fields(unread) }));
    return told;
  }

  /** @param {Set<string>} names */
  fields(names) {
    const more = names.size - MAX_FIELDS;
    const fields = listed(names);
    return more > 0 ? this.say('{fields} and {count} more', { fields, count: more }) : fields;
  }

  /** @param {Progress} progress */
  reportProgress(progress) {
    if (this.onProgress) this.onProgress(progress);
  }

  /** @param {string | import('./plurals').Plural} english @param {Record<string, unknown>} [values] */
  say(english, values) {
    return sentence(english, this.language, values);
  }
}

/** @param {Set<string>} names */
function listed(names) {
  return [...names].slice(0, MAX_FIELDS).join(', ');
}

/**
 * Return whether an error is a HexError of one of the kinds.
 * @param {unknown} error
 * @param {...string} kinds
 * @returns {error is HexError}
 */
function isOfKind(error, ...kinds) {
  return error instanceof HexError && kinds.includes(error.kind);
}

module.exports = { ToolCall, isOfKind };
