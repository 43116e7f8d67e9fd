'use strict';
/** The connection that a builder's user entered: a token, and the region where the workspace is. */

const { REGIONS } = require('./base_url');
const { HexError } = require('./errors');
const { strip } = require('./text');

const CUSTOM = 'custom';

/**
 * Return credentials as the core takes them. A blank region is the custom one where a base URL is given.
 * @param {Record<string, unknown> | null | undefined} given what the form holds: apiKey, region, baseUrl
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
