'use strict';
/** A failure as hosts tell it: its parts, and the one line of hosts that have text only. */

const { HexError } = require('./errors');
const { ENDS } = require('./runs');

/**
 * @typedef {object} Failure
 * @property {string} key
 * @property {string} message
 * @property {string | null} hint
 * @property {string | null} traceId
 * @property {string} [runUrl]
 */

// How a run may end badly, as the keys of its errors.
const BAD_ENDS = Object.values(ENDS).filter((key) => key !== null);
// Failures behind which there is no run to go on with.
const ENDED = [...BAD_ENDS, 'run_cancelled_at_timeout', 'run_gone'];

/**
 * Return what is told of an error, whoever raised it.
 * @param {any} error
 * @param {string | null} [language]
 * @returns {Failure}
 */
function failureOf(error, language) {
  if (!(error instanceof HexError)) {
    return { key: 'failed', message: String(error?.message ?? error), hint: null, traceId: null };
  }
  const { runUrl } = error.values;
  return {
    key: error.key,
    message: error.said(language),
    hint: error.hint(language) || null,
    traceId: error.traceId,
    ...(runUrl ? { runUrl } : {}),
  };
}

/**
 * Return a failure as one line: sentence, hint, run page, then the key.
 * @param {Failure} failure
 */
function inOneLine({ message, hint, runUrl, key }) {
  const link = runUrl && !`${message} ${hint || ''}`.includes(runUrl) ? runUrl : '';
  return [message, hint, link, `[${key}]`].filter(Boolean).join(' ');
}

module.exports = { BAD_ENDS, ENDED, failureOf, inOneLine };
