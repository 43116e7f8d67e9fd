'use strict';
/** Converts values from forms, models and programs to the JSON values that they represent. */

const { JsonFault, TooDeep, TooLarge, parseJson, put } = require('./json_text');
const { MAX_INTEGER, MAX_NUMBER_LENGTH, MAX_SEARCHED, Refusal, isObject, refuse, shown } = require('./faults');
const { BLANK, isUnicode, lengthOf, strip } = require('./text');

const MAX_DEPTH = 64;
const INTEGER = /^[+-]?\p{Nd}{1,18}$/u;
const NUMBER = /^[+-]?(\p{Nd}{1,300}\.?\p{Nd}*|\.\p{Nd}+)([eE][+-]?\p{Nd}{1,3})?$/u;
/** @type {Record<string, boolean>} */
const WORDS = {
  ...{ true: true, yes: true, on: true, y: true, t: true, 1: true },
  ...{ false: false, no: false, off: false, n: false, f: false, 0: false },
};
const LISTED = new RegExp(`^[${BLANK}]*"\\[`, 'u');

/**
 * Return a value as text if it has one exact text form; otherwise unchanged.
 * @param {unknown} value
 */
function asText(value) {
  const plain = scalar(value);
  return typeof plain === 'number' && Number.isSafeInteger(plain) ? String(plain) : plain;
}

/**
 * Return a text with the digits of other scripts replaced by ASCII digits.
 * @param {string} value
 */
function withAsciiDigits(value) {
  return value.replace(/(?![0-9])\p{Nd}/gu, (digit) => {
    const code = Number(digit.codePointAt(0));
    let first = code;
    while (/^\p{Nd}$/u.test(String.fromCodePoint(first - 1))) first -= 1;
    return String((code - first) % 10);
  });
}

/**
 * Return an integer, also from text.
 * @param {unknown} given
 * @returns {number}
 */
function asInteger(given) {
  let value = bare(given);
  if (typeof value === 'string' && lengthOf(value) <= MAX_NUMBER_LENGTH && INTEGER.test(strip(value))) {
    value = Number(withAsciiDigits(strip(value)));
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) throw refuse('not_integer', value);
  return value;
}

/**
 * Return a scalar without extra quotes.
 * @param {unknown} value
 */
function bare(value) {
  return typeof value === 'string' && lengthOf(value) < MAX_NUMBER_LENGTH ? unquoted(strip(value)) : scalar(value);
}

/**
 * Return a number, also from text.
 * @param {unknown} given
 * @returns {number}
 */
function asNumber(given) {
  let value = bare(given);
  if (typeof value === 'string' && lengthOf(value) <= MAX_NUMBER_LENGTH && NUMBER.test(strip(value))) {
    value = Number(withAsciiDigits(strip(value)));
  }
  if (typeof value !== 'number' || Number.isNaN(value) || Math.abs(value) > 1e308) throw refuse('not_number', value);
  if (Number.isInteger(value) && !Number.isSafeInteger(value) && typeof given === 'number') {
    throw refuse('too_large', value, { limit: MAX_INTEGER });
  }
  return value;
}

/**
 * Return a boolean, also from 0, 1 and words such as "yes".
 * @param {unknown} given
 * @returns {boolean}
 */
function asBoolean(given) {
  const value = bare(given);
  let word = value;
  if (typeof value === 'string') {
    const said = strip(value).toLowerCase();
    word = Object.hasOwn(WORDS, said) ? WORDS[said] : null;
  }
  if (word === 0 || word === 1) word = Boolean(word);
  if (typeof word !== 'boolean') throw refuse('not_boolean', value);
  return word;
}

/**
 * Parse JSON text; other values are returned unchanged.
 * @param {unknown} value
 * @param {(value: unknown) => boolean} [wanted] text inside the JSON text is parsed again if this accepts the result
 * @returns {any}
 */
function fromJson(value, wanted) {
  const read = readJson(value);
  if (!wanted || typeof value !== 'string' || typeof read !== 'string') return read;
  try {
    const again = readJson(read);
    return wanted(again) ? again : read;
  } catch (error) {
    if (error instanceof Refusal) return read;
    throw error;
  }
}

/**
 * Return the value of JSON text; other values are returned unchanged.
 * @param {unknown} value
 * @returns {any}
 */
function readJson(value) {
  if (typeof value !== 'string') return value;
  try {
    return parseJson(value);
  } catch (error) {
    if (error instanceof JsonFault) {
      throw refuse('bad_json', value, { problem: error.message, line: error.line, column: error.column });
    }
    if (error instanceof TooDeep) throw refuse('json_too_deep', value);
    if (error instanceof TooLarge) throw refuse('too_large', value, { limit: MAX_INTEGER });
    throw error;
  }
}

/**
 * Return an object, also from JSON text.
 * @param {unknown} given
 * @returns {Record<string, any>}
 */
function asObject(given) {
  const value = fromJson(given, isObject);
  if (!isObject(value)) {
    checkDepth(value);
    throw refuse(typeof given === 'string' ? 'json_not_object' : 'not_object', value);
  }
  return asPlain(value);
}

/**
 * Return the list in JSON text, or a list with the text; null if there is none.
 * @param {string} value
 * @returns {any[] | null}
 */
function unwrappedList(value) {
  if (value.length < 2 || !LISTED.test(value)) return null;
  try {
    const read = fromJson(value, Array.isArray);
    return Array.isArray(read) ? read : null;
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
}

/**
 * Throw if a value is nested too deeply.
 * @param {unknown} value
 */
function checkDepth(value) {
  if (isNestedBeyond(value, MAX_DEPTH)) throw refuse('json_too_deep', value);
}

/**
 * @param {unknown} value
 * @param {number} deepest
 * @returns {boolean}
 */
function isNestedBeyond(value, deepest) {
  if (typeof value !== 'object' || value === null || value instanceof Date) return false;
  for (const name of Object.keys(value)) {
    if (deepest <= 1 || isNestedBeyond(/** @type {any} */ (value)[name], deepest - 1)) return true;
  }
  return false;
}

/**
 * Refuse text with half of a character, which JSON can contain and which cannot be sent.
 * @param {string} value
 * @param {string} [place]
 */
function checkCharacters(value, place = '') {
  if (!isUnicode(value)) throw refuse('half_character', value, {}, place);
}

/**
 * Return any value as a JSON value.
 * @param {unknown} value
 * @returns {any}
 */
function asPlain(value) {
  checkDepth(value);
  return jsonValue(value, '');
}

/**
 * @param {unknown} value
 * @param {string} place
 * @returns {any}
 */
function jsonValue(value, place) {
  if (Array.isArray(value)) return value.map((part, number) => jsonValue(part, `${place}[${number}]`));
  if (isObject(value)) {
    /** @type {Record<string, any>} */
    const read = {};
    for (const name of Object.keys(value)) checkCharacters(name, `${place}.${name}`);
    for (const [name, part] of Object.entries(value)) put(read, name, jsonValue(part, `${place}.${name}`));
    return read;
  }
  const plain = scalar(value);
  if (typeof plain === 'string') checkCharacters(plain, place);
  if (typeof plain === 'number') {
    if (!Number.isFinite(plain)) throw refuse('not_number', plain, {}, place);
    if (Number.isInteger(plain) && !Number.isSafeInteger(plain) && Math.abs(plain) < 2 ** 63) {
      throw refuse('too_large', plain, { limit: MAX_INTEGER }, place);
    }
  } else if (plain !== null && typeof plain !== 'string' && typeof plain !== 'boolean') {
    throw refuse('not_json', typeof plain, {}, place);
  }
  return plain;
}

/**
 * Return a JavaScript scalar as a JSON value; other values are returned unchanged.
 * @param {unknown} value
 * @returns {unknown}
 */
function scalar(value) {
  if (value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? NaN : value.toISOString();
  if (typeof value === 'bigint') return Number(value);
  return value;
}

/**
 * Return a text without the quotes of an extra JSON encoding.
 * @param {string} value
 */
function unquoted(value) {
  const length = lengthOf(value);
  if (length < 2 || length > MAX_SEARCHED || value[0] !== '"' || value.at(-1) !== '"') return value;
  try {
    const read = parseJson(value);
    return typeof read === 'string' ? strip(read) : value;
  } catch {
    // It is not JSON, so the quotes belong to the text.
    return value;
  }
}

module.exports = {
  asBoolean,
  asInteger,
  asNumber,
  asObject,
  asPlain,
  asText,
  checkCharacters,
  checkDepth,
  fromJson,
  isNestedBeyond,
  readJson,
  shown,
  unquoted,
  unwrappedList,
};
