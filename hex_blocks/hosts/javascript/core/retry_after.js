'use strict';
/** Reads from the headers of a reply how long to wait. */

// The wait if Hex does not say how long: the length of its window.
const RATE_WINDOW = 60;
const RETRY_HEADERS = ['retry-after', 'ratelimit-reset', 'x-ratelimit-reset'];
// Hex has no longer window, so longer waits are not accepted.
const MAX_RETRY_DELAY = 3600;
const NUMBER = /^[ \t]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*$/;

/**
 * Return how many seconds to wait, from Retry-After (seconds or a date) or one of the RateLimit headers.
 * @param {Record<string, string>} headers by their names in small letters
 * @param {number} now
 * @param {number} otherwise
 */
function retryDelay(headers, now, otherwise) {
  const requested = requestedDelay(headers, now);
  return Math.max(1, Math.ceil(Math.min(requested === null ? otherwise : requested, MAX_RETRY_DELAY)));
}

/**
 * Return the wait in the headers in seconds; null if there is none.
 * @param {Record<string, string>} headers
 * @param {number} now
 */
function requestedDelay(headers, now) {
  for (const name of RETRY_HEADERS) {
    const requested = secondsIn(headers[name] || '', now);
    if (requested !== null) return requested;
  }
  return null;
}

/**
 * Return the seconds until a time that is given as a number of seconds, a timestamp in seconds or milliseconds, or a
 * date; null if it is none of these.
 * @param {string} value
 * @param {number} now
 */
function secondsIn(value, now) {
  if (!NUMBER.test(value)) {
    const moment = secondsOfDate(value);
    return moment === null ? null : moment - now;
  }
  let seconds = Number(value);
  if (!Number.isFinite(seconds)) return null;
  if (seconds > 1e11) seconds /= 1000;
  return seconds > 1e9 ? seconds - now : Math.max(0, seconds);
}

/**
 * Parse an HTTP date as seconds since the Unix epoch; null if it is not valid.
 * @param {string} value
 */
function secondsOfDate(value) {
  if (!/[A-Za-z]{3}/.test(value)) return null;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? null : moment / 1000;
}

module.exports = { RATE_WINDOW, requestedDelay, retryDelay, secondsOfDate };
