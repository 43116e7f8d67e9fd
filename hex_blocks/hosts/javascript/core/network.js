'use strict';
/** Converts exceptions of the host's HTTP function to errors. */

const { HexError } = require('./errors');
const { phrase } = require('./text');

const CERTIFICATE_CODE = /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT|HOSTNAME_MISMATCH)/;
const NAME_UNKNOWN_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);
const UNREACHABLE_CODES = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'UND_ERR_CONNECT_TIMEOUT',
]);
const TIMEOUT_CODES = new Set(['ECONNABORTED', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ESOCKETTIMEDOUT']);
const TLS_CODE = /^(EPROTO|ERR_SSL_)/;
const MAX_CAUSES = 20;
// The usual cause is that there is no network, which does not come back within seconds.
const NAME_UNKNOWN = phrase('its name is not known');

/**
 * @param {unknown} error
 * @param {string} host
 * @param {number} timeout
 */
function networkError(error, host, timeout) {
  const causes = causesOf(error);
  const codes = causes.map((each) => String(each.code || ''));
  const names = causes.map((each) => String(each.name || ''));
  const inConnecting = causes.some((each) => each.code === 'ETIMEDOUT' && each.syscall === 'connect');
  if (causes.some((each) => each.key === 'reply_too_large')) {
    return new HexError('reply_too_large', {}, { host, megabytes: 64 });
  }
  if (codes.some((code) => CERTIFICATE_CODE.test(code))) return new HexError('bad_certificate', {}, { host });
  if (codes.some((code) => NAME_UNKNOWN_CODES.has(code))) return unreachable(host, NAME_UNKNOWN);
  if (inConnecting || codes.some((code) => UNREACHABLE_CODES.has(code)))
    return unreachable(host, phrase('nothing answers there'));
  if (codes.some((code) => TLS_CODE.test(code)))
    return unreachable(host, phrase('no secure connection can be made'));
  const isLate = codes.some((code) => TIMEOUT_CODES.has(code) || code === 'ETIMEDOUT');
  if (isLate || names.includes('TimeoutError') || names.includes('AbortError')) {
    return new HexError('timeout', {}, { host, timeout });
  }
  return new HexError('connection_lost', {}, { host });
}

/** @param {string} host @param {import('./text').Phrase} reason */
function unreachable(host, reason) {
  return new HexError('no_network', {}, { host, reason });
}

/**
 * Return an error and the ones inside it.
 * @param {unknown} error
 * @returns {any[]}
 */
function causesOf(error) {
  /** @type {any[]} */
  const found = [];
  /** @type {any[]} */
  const inside = [error];
  while (inside.length && found.length < MAX_CAUSES) {
    const each = inside.shift();
    if (typeof each !== 'object' || each === null) continue;
    found.push(each);
    inside.push(each.cause, ...(Array.isArray(each.errors) ? each.errors : []));
  }
  return found;
}

module.exports = { NAME_UNKNOWN, networkError };
