'use strict';
/** A failure as hosts tell it: its parts, and the one line of hosts that have text only. */

const { HexError } = require('./errors');

/**
 * @typedef {object} Failure
 * @property {string} key
 * @property {string} message
 * @property {string | null} hint
 * @property {string | null} traceId
 * @property {string} [runUrl]
 */

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

module.exports = { failureOf, inOneLine };
