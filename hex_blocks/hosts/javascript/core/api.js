'use strict';
/**
 * The adapter: the only code that sends requests to Hex. It decides which requests may be retried, sends the token to
 * its host only, and accepts only replies that are JSON from Hex. The host provides the HTTP function.
 */

const { ARRIVAL_MARGIN, Budget } = require('./budget');
const { HexError, keyOfStatus, notHex } = require('./errors');
const { isObject } = require('./faults');
const { put } = require('./json_text');
const { parseErrorBody, plain, readRefusal } = require('./refusals');
const { encodeQuery } = require('./requests');
const { RATE_WINDOW, requestedDelay, retryDelay, secondsOfDate } = require('./retry_after');
const { phrase } = require('./text');
const { NAME_UNKNOWN, networkError } = require('./network');
const { isNestedBeyond } = require('./values');

/**
 * @typedef {import('./clock').Clock} Clock
 *
 * @typedef {object} HttpRequest
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} headers
 * @property {string | Uint8Array | null} body
 * @property {number} timeout seconds from the first byte to the last
 * @property {AbortSignal | null} stop ends the reading early
 *
 * @typedef {object} HttpReply
 * @property {number} status
 * @property {Record<string, any>} headers
 * @property {string | Uint8Array} body
 *
 * Sends one request without following redirects. Rejects only if there was no reply.
 * @typedef {(request: HttpRequest) => Promise<HttpReply>} Http
 *
 * @typedef {object} Timing
 * @property {number} read seconds that one request may take, from the first byte to the last
 * @property {number} patience seconds for all waits before and between requests; 0 for none
 * @property {AbortSignal | null} [stop]
 * @property {((seconds: number, error: HexError) => void) | null} [onWait] called for each wait
 * @property {(() => void | Promise<void>) | null} [onSend] called just before each request is sent
 *
 * @typedef {object} Sending
 * @property {string} method
 * @property {string} path
 * @property {Record<string, any>} [query]
 * @property {any} [body]
 * @property {import('./multipart').Upload | null} [upload]
 * @property {string} [group]
 * @property {boolean} [refusedBy503]
 * @property {boolean} [withoutReply] whether Hex replies with 204 and no content
 * @property {Record<string, string>} [errorKeys]
 */

const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const MAX_RETRIES = 4;
const RETRIED_STATUSES = new Set([408, 425, 502, 503, 504]);
const GATEWAY_STATUSES = new Set([408, 425, 429, 499]);
// Errors of requests that were never sent, so Hex has done nothing.
const NOT_SENT = new Set(['no_network', 'bad_certificate']);
// Errors after which it is unknown what Hex has done.
const REPLY_LOST = new Set(['timeout', 'connection_lost', 'not_hex', 'reply_too_large']);
const RETRIED_WITHOUT_STATUS = new Set(['timeout', 'connection_lost', 'no_network']);
const NO_CONTENT = 204;
// Exports refuse a project without a published version with 400.
const NOT_PUBLISHED = /\bno published version\b|\b(?:not|never) (?:been )?published\b/i;
const FIRST_BACKOFF = 0.5;
const MAX_BACKOFF = 8;
const KERNEL_WAIT = 20;
const HIDDEN = '[hidden]';
// Shorter tokens are not hidden: they cannot be Hex's, and hiding them would replace ordinary text by chance.
const MIN_HIDDEN = 8;
const MAX_DEPTH = 64;
const LONE_SURROGATES = /[\ud800-\udfff]/gu;
// Created once, because creating a decoder takes longer than decoding a reply.
const STRICT = new TextDecoder('utf-8', { fatal: true });
const LENIENT = new TextDecoder('utf-8');
// Replies with numbers that may be infinite are searched for them.
const MAY_BE_INFINITE = /[0-9][eE]\+?[0-9]{3}|[0-9]{309}/;

/** Hex's API at one base URL with one token. */
class HexApi {
  #headers;

  #token;

  /**
   * @param {object} options
   * @param {string} options.baseUrl
   * @param {string} options.token
   * @param {Clock} options.clock
   * @param {Http} options.http
   * @param {import('./budget').Limits} options.limits
   * @param {string} options.userAgent
   * @param {() => number} [options.random] from 0 to 1
   */
  constructor({ baseUrl, token, clock, http, limits, userAgent, random = Math.random }) {
    this.baseUrl = baseUrl;
    this.host = baseUrl.split('/')[2];
    this.clock = clock;
    this.http = http;
    this.random = random;
    this.budget = new Budget(this.host, token, clock, limits);
    /** @type {Map<unknown, any>} objects that all calls with this token share */
    this.shared = new Map();
    /** @type {[string | null, number]} the last reply's Date header, and when it arrived */
    this.lastDate = [null, 0];
    this.#token = token;
    this.#headers = { Authorization: `Bearer ${token}`, Accept: 'application/json', 'User-Agent': userAgent };
  }

  /** Return the time of Hex's clock in whole seconds, from its last reply; null if there was none. */
  timeAtHex() {
    const [date, arrivedAt] = this.lastDate;
    const seconds = date ? secondsOfDate(date) : null;
    return seconds === null ? null : seconds + this.clock.monotonic() - arrivedAt;
  }

  /**
   * Send one request and return the JSON of Hex's reply; null if the reply has no content.
   *
   * A GET is retried after errors and refusals. Other requests are retried only if they were never sent, or if Hex
   * itself refused them before doing anything (429, and 503 if `refusedBy503`).
   * @param {Sending} sending
   * @param {Timing} timing
   * @returns {Promise<any>}
   */
  async call(sending, timing) {
    const endsAt = this.clock.monotonic() + timing.patience;
    let retries = 0;
    for (;;) {
      await this.takeTurn(sending.group, endsAt, timing);
      const answer = await this.send(sending, timing);
      if (!(answer instanceof HexError)) return answer.value;
      const error = answer;
      const isRead = sending.method === 'GET';
      if (!isRead && error.status === null && REPLY_LOST.has(error.key)) error.values.outcome = 'unknown';
      const isLost = 'outcome' in error.values;
      const refused = !isLost && (error.status === 429 || (error.status === 503 && Boolean(sending.refusedBy503)));
      const seconds = Number(error.values.seconds ?? RATE_WINDOW);
      if (error.status === 429 && !isLost) this.budget.refused(sending.group, seconds);
      let delay = seconds + this.random();
      if (!refused) {
        if (retries >= mostRetries(error) || !(isRead || NOT_SENT.has(error.key))) throw error;
        delay = Math.min(MAX_BACKOFF, FIRST_BACKOFF * 2 ** retries) * (0.5 + this.random() / 2);
        retries += 1;
      }
      if (this.clock.monotonic() + delay > endsAt) throw error;
      if (timing.onWait) timing.onWait(delay, error);
      if (await this.clock.wait(delay, timing.stop)) throw error;
    }
  }

  /**
   * Count the request in the budget and call `onSend`; repeat this if `onSend` took so long that the count is outdated.
   * @param {string | undefined} group
   * @param {number} until
   * @param {Timing} timing
   */
  async takeTurn(group, until, timing) {
    for (const last of [false, true]) {
      await this.budget.take(group, { until, stop: timing.stop, onWait: timing.onWait });
      const countedAt = this.clock.monotonic();
      if (timing.onSend) await timing.onSend();
      if (last || this.clock.monotonic() - countedAt <= ARRIVAL_MARGIN) return;
    }
  }

  /**
   * @param {Sending} sending
   * @param {Timing} timing
   * @returns {Promise<{ value: any } | HexError>}
   */
  async send(sending, timing) {
    const { method } = sending;
    const query = encodeQuery(sending.query || {});
    /** @type {Record<string, string>} */
    const headers = { ...this.#headers };
    /** @type {string | Uint8Array | null} */
    let body = null;
    if (sending.upload) {
      body = sending.upload.body;
      headers['Content-Type'] = sending.upload.contentType;
    } else if (sending.body !== null && sending.body !== undefined) {
      body = JSON.stringify(sending.body);
      headers['Content-Type'] = 'application/json';
    }
    const url = this.baseUrl + sending.path + (query ? `?${query}` : '');
    // The result of a write must be known, so a call that is being stopped still reads the reply.
    const stop = method === 'GET' ? timing.stop || null : null;
    let reply;
    try {
      reply = await this.http({ method, url, headers, body, timeout: timing.read, stop });
    } catch (error) {
      if (stop && stop.aborted) return new HexError('call_stopped', {}, { host: this.host });
      return networkError(error, this.host, timing.read);
    }
    const replyHeaders = lowered(reply.headers);
    this.lastDate = [replyHeaders.date || null, this.clock.monotonic()];
    if (reply.body.length > MAX_REPLY_BYTES) {
      return new HexError('reply_too_large', {}, { host: this.host, megabytes: MAX_REPLY_BYTES / 1024 ** 2 });
    }
    if (reply.status >= 200 && reply.status < 300) {
      const answer = this.parse(method, reply, replyHeaders);
      if (!sending.withoutReply || answer instanceof HexError || answer.value === null) return answer;
      return notHex(this.host, phrase('it sent content where Hex sends none'));
    }
    return this.refusal(method, reply, replyHeaders, sending.errorKeys || {});
  }

  /**
   * @param {string} method
   * @param {HttpReply} reply
   * @param {Record<string, string>} headers
   * @returns {{ value: any } | HexError}
   */
  parse(method, reply, headers) {
    let text;
    let value;
    try {
      text = textOf(reply.body);
      if (!text.trim()) {
        if (method === 'GET' || reply.status === NO_CONTENT) return { value: null };
        // Hex replies to a write with JSON or with 204, so this reply is from a gateway.
        return notHex(this.host, phrase('it sent nothing'));
      }
      value = parseJsonText(text);
    } catch {
      const isPage =
        (text || '').trimStart().startsWith('<') || (headers['content-type'] || '').split(';')[0].includes('html');
      return notHex(
        this.host,
        isPage ? phrase('it sent a web page instead of JSON') : phrase('it did not send JSON'),
      );
    }
    if (text.includes(this.#token) || text.includes('\\u')) value = this.clean(value);
    if (value !== null && !isObject(value)) return notHex(this.host, phrase('it sent JSON that is not an object'));
    return { value };
  }

  /**
   * Return a reply without the token and without lone surrogates.
   * @param {any} value
   * @returns {any}
   */
  clean(value) {
    if (typeof value === 'string') {
      const hidden = this.#token.length >= MIN_HIDDEN ? value.replaceAll(this.#token, HIDDEN) : value;
      return hidden.replace(LONE_SURROGATES, '\ufffd');
    }
    if (Array.isArray(value)) return value.map((part) => this.clean(part));
    if (!isObject(value)) return value;
    /** @type {Record<string, any>} */
    const cleaned = {};
    for (const [name, part] of Object.entries(value)) put(cleaned, this.clean(name), this.clean(part));
    return cleaned;
  }

  /**
   * @param {string} method
   * @param {HttpReply} reply
   * @param {Record<string, string>} headers
   * @param {Record<string, string>} errorKeys
   */
  refusal(method, reply, headers, errorKeys) {
    const { status } = reply;
    if (status >= 300 && status < 400) return new HexError('redirected', { status }, { host: this.host });
    const refusal = readRefusal(this.clean(parseErrorBody(textOf(reply.body, false))));
    const traceId = refusal.traceId || plain(headers['x-trace-id'] || '', 100) || null;
    const now = this.clock.time();
    const usual = keyOfStatus(status);
    if (isReplyLost(method, status, refusal.isFromHex, headers, now)) {
      const lost = status >= 500 && usual !== 'hex_down' ? 'hex_failed' : 'hex_down';
      return new HexError(lost, { status, traceId }, { outcome: 'unknown' });
    }
    let key = errorKeys[status] || usual || (status >= 500 ? 'hex_failed' : 'request_refused');
    /** @type {Record<string, any>} */
    let values = { reason: refusal.reason || phrase('it gave no reason') };
    if (key === 'hex_failed' || key === 'hex_down') values = {};
    else if (key === 'rate_limited') values = { seconds: retryDelay(headers, now, RATE_WINDOW) };
    else if (key === 'no_free_kernel') values = { seconds: retryDelay(headers, now, KERNEL_WAIT) };
    else if (key === 'not_hex') values = { host: this.host, reason: phrase('it does not know this request') };
    else if (refusal.parameters && (status === 400 || status === 422))
      [key, values] = ['bad_parameters', refusal.parameters];
    else if (status === 422 && refusal.reason.toLowerCase().includes('publish')) key = 'not_published';
    else if (status === 400 && NOT_PUBLISHED.test(refusal.reason)) key = 'not_published';
    const error = new HexError(key, { status, traceId }, values);
    error.byHex = refusal.isFromHex || status === 429;
    return error;
  }
}

/**
 * Return whether it is unknown if Hex has done a write: the reply is from a gateway, which may have passed it on.
 * @param {string} method
 * @param {number} status
 * @param {boolean} isFromHex
 * @param {Record<string, string>} headers
 * @param {number} now
 */
function isReplyLost(method, status, isFromHex, headers, now) {
  if (method === 'GET' || isFromHex || (status < 500 && !GATEWAY_STATUSES.has(status))) return false;
  return status !== 429 || requestedDelay(headers, now) === null;
}

/**
 * Return how often a request is retried after a temporary error.
 * @param {HexError} error
 */
function mostRetries(error) {
  if (error.status !== null) return RETRIED_STATUSES.has(error.status) ? MAX_RETRIES : 0;
  if (error.values.reason === NAME_UNKNOWN) return 1;
  return RETRIED_WITHOUT_STATUS.has(error.key) ? MAX_RETRIES : 0;
}

/**
 * Parse JSON of limited depth and without infinite numbers.
 * @param {string} text
 */
function parseJsonText(text) {
  const value = JSON.parse(text);
  if (isNestedBeyond(value, MAX_DEPTH)) throw new RangeError('nested too deeply');
  if (MAY_BE_INFINITE.test(text) && holdsInfinity(value)) throw new RangeError('too large');
  return value;
}

/** @param {any} value @returns {boolean} */
function holdsInfinity(value) {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (Array.isArray(value)) return value.some(holdsInfinity);
  return isObject(value) && Object.values(value).some(holdsInfinity);
}

/**
 * Return the body of a reply as text.
 * @param {string | Uint8Array} body
 * @param {boolean} [fatal] whether invalid UTF-8 is an error
 */
function textOf(body, fatal = true) {
  return typeof body === 'string' ? body.replace(/^\ufeff/, '') : (fatal ? STRICT : LENIENT).decode(body);
}

/** @param {Record<string, any>} headers */
function lowered(headers) {
  /** @type {Record<string, string>} */
  const lower = {};
  for (const name of Object.keys(headers)) lower[name.toLowerCase()] = String(headers[name]);
  return lower;
}

module.exports = { HexApi, NO_CONTENT, NOT_SENT };
