'use strict';
/** Faults of inputs: their place, key and values, without secrets. */

const { Phrase, cut, lengthOf, numberInWords, phrase, printable, strip, withoutTokens } = require('./text');

const MAX_SEARCHED = 1000;
const MAX_NUMBER_LENGTH = 400;
const MAX_EMAIL_LENGTH = 320;
const MAX_INTEGER = Number.MAX_SAFE_INTEGER;
const HIDDEN = phrase('what was given');
const LONE_SURROGATES = /[\ud800-\udfff]/gu;

/**
 * A fault of one value; the input check adds its place.
 * @typedef {{ key: string, values: Record<string, unknown>, below: string }} ValueFault
 */

/** Thrown if a value is not valid. */
class Refusal extends Error {
  /** @param {ValueFault} fault */
  constructor(fault) {
    super(fault.key);
    this.fault = fault;
  }
}

/**
 * Return a Refusal with a fault.
 * @param {string} key
 * @param {unknown} value
 * @param {Record<string, unknown>} [values]
 * @param {string} [below] the path inside the value, if the input check does not know it
 */
function refuse(key, value, values = {}, below = '') {
  return new Refusal({ key, values: { found: shown(value), ...values }, below });
}

/**
 * Return whether a value is an object that is not a list.
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Return the name of a value's JSON type.
 * @param {unknown} value
 */
function jsonType(value) {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return phrase('a list');
  if (isObject(value)) return phrase('an object');
  if (typeof value === 'string') return phrase('text');
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : typeof value;
}

/**
 * Return a value for an error message, cut to one short line.
 * @param {unknown} value
 * @param {number} [longest]
 * @returns {string | Phrase}
 */
function shown(value, longest = 40) {
  if (isObject(value) || Array.isArray(value)) return jsonType(value);
  const written = printable(inJson(value, longest), '?');
  return lengthOf(written) <= longest + 2 ? written : `${cut(written, longest)}…"`;
}

/**
 * @param {unknown} value
 * @param {number} longest
 */
function inJson(value, longest) {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number') return numberInWords(value);
  if (typeof value === 'boolean') return String(value);
  const said =
    typeof value === 'string' ? cut(withoutTokens(cut(value, MAX_SEARCHED)), longest + 1) : String(value);
  return JSON.stringify(said.replace(LONE_SURROGATES, '?'));
}

/**
 * Return the name of a place for an error message.
 * @param {string} place
 */
function printablePath(place) {
  return String(shown(place, 60)).replace(/^"+|"+$/g, '');
}

/**
 * Return whether a value is null or blank text.
 * @param {unknown} value
 */
function isBlank(value) {
  return value === null || value === undefined || (typeof value === 'string' && strip(value) === '');
}

module.exports = {
  HIDDEN,
  MAX_EMAIL_LENGTH,
  MAX_INTEGER,
  MAX_NUMBER_LENGTH,
  MAX_SEARCHED,
  Refusal,
  isBlank,
  isObject,
  jsonType,
  printablePath,
  refuse,
  shown,
};
