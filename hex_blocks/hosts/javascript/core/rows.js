'use strict';
/** Converts input parameters from a form with rows of name, type and value. */

const DAY = /^\d{4}-\d{2}-\d{2}(?=T|$)/;

/**
 * Return the values of rows by name; null if no row has a name.
 * @param {unknown[]} rows
 * @returns {Record<string, unknown> | null}
 */
function valuesByName(rows) {
  /** @type {[string, unknown][]} */
  const named = [];
  for (const row of rows) {
    const { name, type, value } = /** @type {Record<string, unknown>} */ (row ?? {});
    // A row without a name is not filled in.
    if (name !== undefined && name !== null && name !== '') named.push([String(name), rowValue(type, value)]);
  }
  return named.length ? Object.fromEntries(named) : null;
}

/**
 * Return the value of a row in its type. A value that is not valid is returned unchanged, and Hex refuses it.
 * @param {unknown} type
 * @param {unknown} value
 * @returns {unknown}
 */
function rowValue(type, value) {
  if (typeof value !== 'string') return value;
  const text = value.trim();
  switch (type) {
    case 'number':
      return text !== '' && Number.isFinite(Number(text)) ? Number(text) : value;
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toLowerCase() === 'true' : value;
    case 'date':
      return DAY.exec(text)?.[0] ?? value;
    case 'list':
      if (text.startsWith('[')) return fromJson(text);
      return text
        .split(',')
        .map((entry) => entry.trim())
        .filter(Boolean);
    case 'json':
      return fromJson(text);
    default:
      return value;
  }
}

/**
 * Return the value of JSON text; the text itself if it is not JSON.
 * @param {string} text
 * @returns {unknown}
 */
function fromJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

module.exports = { valuesByName };
