'use strict';
/** HTTP and clock for hosts that run in Node. */

const { allowedHosts } = require('./base_url');
const { clockOf } = require('./clock');

const MAX_REPLY_BYTES = 64 * 1024 * 1024;
const VARIABLE = 'HEX_BLOCKS_ALLOWED_HOSTS';

/**
 * Send a request with Node's fetch.
 * @type {import('./api').Http}
 */
async function http({ method, url, headers, body, timeout, stop }) {
  const late = AbortSignal.timeout(Math.ceil(timeout * 1000));
  const signal = stop ? AbortSignal.any([late, stop]) : late;
  const sent = /** @type {RequestInit} */ ({ method, headers, body, redirect: 'manual', signal });
  const response = await fetch(url, sent);
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await contentOf(response) };
}

/** @param {Response} response */
async function contentOf(response) {
  const length = Number(response.headers.get('content-length'));
  // Read in chunks, because the length of a compressed reply does not limit its decompressed size.
  const isPlain = !response.headers.get('content-encoding');
  if (isPlain && length && length <= MAX_REPLY_BYTES) return new Uint8Array(await response.arrayBuffer());
  /** @type {Uint8Array[]} */
  const parts = [];
  let size = 0;
  const reader = response.body ? response.body.getReader() : null;
  while (reader) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > MAX_REPLY_BYTES) {
      await reader.cancel();
      throw Object.assign(new Error('the answer is too large'), { key: 'reply_too_large' });
    }
    parts.push(value);
  }
  const content = new Uint8Array(size);
  let place = 0;
  for (const part of parts) {
    content.set(part, place);
    place += part.length;
  }
  return content;
}

const clock = clockOf((milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)));

/** Return the hosts that the operator allows besides hex.tech, from the environment of this process. */
function allowedByEnvironment() {
  return allowedHosts(process.env[VARIABLE]);
}

module.exports = { allowedByEnvironment, clock, http };
