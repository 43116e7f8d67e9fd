'use strict';
/** Errors in the form for hosts: their parts, or one line for hosts that show only text. */

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

// The error keys of failed runs.
const BAD_ENDS = Object.values(ENDS).filter((key) => key !== null);
// Errors after which there is no run that is still active.
const ENDED = [...BAD_ENDS, 'run_cancelled_at_timeout', 'run_gone'];

/**
 * Return the parts of an error, whether or not it is a HexError.
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
 * Return a failure as one line: sentence, hint, URL of the run, and key.
 * @param {Failure} failure
 */
function inOneLine({ message, hint, runUrl, key }) {
  const link = runUrl && !`${message} ${hint || ''}`.includes(runUrl) ? runUrl : '';
  return [message, hint, link, `[${key}]`].filter(Boolean).join(' ');
}

module.exports = { BAD_ENDS, ENDED, failureOf, inOneLine };
