'use strict';
/** What is wrong with an input, as a fault that can be said: where it is, what, and values, without any secret. */

const { Phrase, cut, lengthOf, numberInWords, phrase, printable, strip, withoutTokens } = require('./text');

const LONGEST_LOOKED_AT = 1000;
const LONGEST_NUMBER = 400;
const LONGEST_ADDRESS = 320;
const LARGEST_INTEGER = Number.MAX_SAFE_INTEGER;
const HIDDEN = phrase('what was given');
const HALVES = /[\ud800-\udfff]/gu;

/**
 * A fault of one value, whose place the checker knows.
 * @typedef {{ key: string, values: Record<string, unknown>, below: string }} ValueFault
 */

/** Thrown where a value is not what it should be. */
class Refusal extends Error {
  /** @param {ValueFault} fault */
  constructor(fault) {
    super(fault.key);
    this.fault = fault;
  }
}

/**
 * Make a fault.
 * @param {string} key
 * @param {unknown} value
 * @param {Record<string, unknown>} [values]
 * @param {string} [below] where in the input it is, if deeper than the checker goes by itself
 */
function refuse(key, value, values = {}, below = '') {
  return new Refusal({ key, values: { found: shown(value), ...values }, below });
}

/**
 * Whether a value is an object of names and values.
 * @param {unknown} value
 * @returns {value is Record<string, any>}
 */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/**
 * Return the JSON type of a value as a word.
 * @param {unknown} value
 */
function kindWord(value) {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return phrase('a list');
  if (isObject(value)) return phrase('an object');
  if (typeof value === 'string') return phrase('text');
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : typeof value;
}

/**
 * Show a value in an error, short and on one line.
 * @param {unknown} value
 * @param {number} [longest]
 * @returns {string | Phrase}
 */
function shown(value, longest = 40) {
  if (isObject(value) || Array.isArray(value)) return kindWord(value);
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
    typeof value === 'string' ? cut(withoutTokens(cut(value, LONGEST_LOOKED_AT)), longest + 1) : String(value);
  return JSON.stringify(said.replace(HALVES, '?'));
}

/**
 * Return the name of a place, fit to be shown.
 * @param {string} place
 */
function placeShown(place) {
  return String(shown(place, 60)).replace(/^"+|"+$/g, '');
}

/**
 * Whether a value is null, or text of nothing but spaces.
 * @param {unknown} value
 */
function isBlank(value) {
  return value === null || value === undefined || (typeof value === 'string' && strip(value) === '');
}

module.exports = {
  HIDDEN,
  LARGEST_INTEGER,
  LONGEST_ADDRESS,
  LONGEST_LOOKED_AT,
  LONGEST_NUMBER,
  Refusal,
  isBlank,
  isObject,
  kindWord,
  placeShown,
  refuse,
  shown,
};
