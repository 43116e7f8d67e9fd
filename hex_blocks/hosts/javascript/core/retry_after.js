'use strict';
/** How long Hex asks to wait. */

// Hex opens its window again at most this long after closing it, where it does not say when.
const RATE_WINDOW = 60;
const HEADERS = ['retry-after', 'ratelimit-reset', 'x-ratelimit-reset'];
// No window of Hex's is longer, so no wait that is longer is believed.
const LONGEST_RETRY = 3600;
const NUMBER = /^[ \t]*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?[ \t]*$/;

/**
 * Read when to come back: Retry-After (seconds or a date), or one of the RateLimit headers.
 * @param {Record<string, string>} headers by their names in small letters
 * @param {number} now
 * @param {number} otherwise
 */
function secondsToWait(headers, now, otherwise) {
  const told = toldSeconds(headers, now);
  return Math.max(1, Math.ceil(Math.min(told === null ? otherwise : told, LONGEST_RETRY)));
}

/**
 * Return for how many seconds the headers ask to wait; null where they do not.
 * @param {Record<string, string>} headers
 * @param {number} now
 */
function toldSeconds(headers, now) {
  for (const name of HEADERS) {
    const told = secondsIn(headers[name] || '', now);
    if (told !== null) return told;
  }
  return null;
}

/**
 * Read a distance in seconds, a moment (in seconds or milliseconds), or a date; null where it is none.
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
 * Read a date as HTTP writes it, in seconds since the Unix epoch; null where it is none.
 * @param {string} value
 */
function secondsOfDate(value) {
  if (!/[A-Za-z]{3}/.test(value)) return null;
  const moment = Date.parse(value);
  return Number.isNaN(moment) ? null : moment / 1000;
}

module.exports = { RATE_WINDOW, secondsOfDate, secondsToWait, toldSeconds };
