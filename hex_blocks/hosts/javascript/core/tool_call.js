'use strict';
/** One running tool: its requests, its warnings, how far it is, and the other tools it uses. */

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
 * What all parts of a call share, so that each kind of warning is told once.
 * @typedef {{ incomplete: Set<string>, unread: Set<string> }} Amiss
 *
 * @typedef {object} CallParts
 * @property {ToolSpec} spec
 * @property {Record<string, ToolSpec>} tools
 * @property {() => HexApi} apiOf makes the adapter where it is first needed: what is wrong with the inputs comes first
 * @property {() => string} baseUrlOf the base URL of the call, checked
 * @property {import('./clock').Clock} clock
 * @property {import('./starts').Starts} starts
 * @property {Timing} timing
 * @property {string | null} [language]
 * @property {AbortSignal | null} [stop]
 * @property {((progress: Progress) => void) | null} [onProgress]
 * @property {Warning[]} [warnings]
 * @property {Amiss} [amiss]
 */

// So many fields are named in a warning or an error.
const MOST_FIELDS = 5;
// No answer comes in less time, so whoever is short of time still gives a request as much.
const LEAST_READ = 1;

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

  /** The adapter. Fails where the token or the base URL cannot be used. */
  get api() {
    return this.apiOf();
  }

  /** Whether the call is being stopped. */
  get stopped() {
    return Boolean(this.stop && this.stop.aborted);
  }

  /**
   * Return this call with some of its parts changed.
   * @param {Partial<CallParts>} other
   */
  with(other) {
    return new ToolCall({ ...this, ...other });
  }

  /**
   * Return this call for another tool that is a part of its work.
   * @param {string} toolId
   * @param {Partial<CallParts>} [other]
   */
  part(toolId, other = {}) {
    return this.with({ spec: this.tool(toolId), ...other });
  }

  /**
   * Return this call for a part that has so many seconds, reports nothing and keeps its warnings to itself.
   * @param {number} seconds
   */
  quietly(seconds) {
    return this.with({ timing: { ...this.within(seconds), onWait: null }, onProgress: null, warnings: [] });
  }

  /**
   * Return the timing of a part that has so many seconds, for its waits and for each of its answers.
   * @param {number} seconds
   * @returns {Timing}
   */
  within(seconds) {
    const { timing } = this;
    return { ...timing, patience: Math.max(0, seconds), read: Math.min(timing.read, Math.max(LEAST_READ, seconds)) };
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
   * Do what `request` does, and return beside the reply what was amiss in it.
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
    const sending = { method, path, query, body, upload, group, refusedBy503, errorKeys };
    const reply = await this.api.call(sending, timing || this.timing);
    const fitted = coerceReply(spec, reply);
    // A reply without its list is not an empty list: whoever took it for one would start a run again.
    if (fitted.lacking.size) throw this.replyLacks(listed(fitted.lacking));
    for (const name of fitted.missing) this.amiss.incomplete.add(name);
    for (const name of fitted.unread) this.amiss.unread.add(name);
    return fitted;
  }

  /**
   * Return the error of a reply without what it was asked for.
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

  /** Return all that the caller should know: what was warned of, then what was amiss in Hex's replies. */
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
    const more = names.size - MOST_FIELDS;
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
  return [...names].slice(0, MOST_FIELDS).join(', ');
}

/**
 * Whether an error is one of ours, of one of the kinds.
 * @param {unknown} error
 * @param {...string} kinds
 * @returns {error is HexError}
 */
function isOfKind(error, ...kinds) {
  return error instanceof HexError && kinds.includes(error.kind);
}

module.exports = { ToolCall, isOfKind };
