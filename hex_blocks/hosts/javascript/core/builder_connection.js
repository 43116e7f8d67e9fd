'use strict';
/** Credentials from a builder's form: a token, and the region of the workspace. */

const { REGIONS } = require('./base_url');
const { HexError } = require('./errors');
const { strip } = require('./text');

const CUSTOM = 'custom';

/**
 * Return the credentials for the core. A blank region means `custom` if a base URL is given.
 * @param {Record<string, unknown> | null | undefined} given the values of the form: apiKey, region, baseUrl
 * @returns {import('./core').Credentials}
 */
function credentialsOf(given) {
  const apiKey = textOf(given?.apiKey);
  if (!apiKey) throw new HexError('token_missing_in_builder');
  const baseUrl = textOf(given?.baseUrl);
  const region = textOf(given?.region).toLowerCase() || (baseUrl ? CUSTOM : 'app');
  if (region === CUSTOM) {
    if (!baseUrl) throw new HexError('base_url_missing');
    return { apiKey, region, baseUrl, pinned: true };
  }
  if (!Object.hasOwn(REGIONS, region)) {
    throw new HexError('region_unknown', {}, { region, known: [...Object.keys(REGIONS), CUSTOM].join(', ') });
  }
  return { apiKey, region, pinned: true };
}

/** @param {unknown} value */
function textOf(value) {
  return value === null || value === undefined ? '' : strip(String(value));
}

module.exports = { credentialsOf };
