'use strict';
/** Reads Hex's error bodies in all their forms: two JSON formats, lists of faults, or plain text. */

const { isObject } = require('./faults');
const { Phrase, cut, joinSentences, lengthOf, numberInWords, phrase, printable, said: inWords } = require('./text');
const { isNestedBeyond } = require('./values');

// The codes of Hex's newer error bodies; JSON from a gateway has no such code.
const CODES = new Set([
  'BAD_REQUEST',
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'INTERNAL_SERVER_ERROR',
  'UNPROCESSABLE_CONTENT',
  'SERVICE_UNAVAILABLE',
]);
const MAX_PARAMETERS = 50;
const MAX_DETAILS = 20;
const MAX_DEPTH = 64;
// Input cells with a list of choices.
const CHOICES = ['DROPDOWN', 'MULTISELECT'];
const PARAMETER_FIELDS = ['paramName', 'paramValue', 'dataType', 'inputCellType'];

/**
 * @typedef {object} Refusal
 * @property {string} reason
 * @property {string | null} traceId
 * @property {Record<string, any> | null} parameters
 * @property {boolean} isFromHex whether it is from Hex itself
 */

/**
 * Return an error body as JSON or text; null for a web page.
 * @param {string} body
 * @returns {any}
 */
function parseErrorBody(body) {
  const said = body.trim();
  try {
    const value = JSON.parse(said);
    if (!isNestedBeyond(value, MAX_DEPTH)) return value;
  } catch {
    // It is not JSON, so it is returned as text.
  }
  return said.startsWith('<') ? '' : said;
}

/**
 * Return the refusal in the body of a reply, in any form.
 * @param {any} body
 * @returns {Refusal}
 */
function readRefusal(body) {
  if (!isObject(body)) {
    return { reason: typeof body === 'string' ? plain(body) : '', traceId: null, parameters: null, isFromHex: false };
  }
  const parts = [isTruthy(body.reason) ? body.reason : body.message];
  if (typeof body.details === 'string') parts.push(body.details);
  for (const part of [body.details, body.issues, body.problems]) {
    if (Array.isArray(part)) parts.push(...part.slice(0, MAX_DETAILS).map(messageOf));
  }
  const said = new Set(parts.filter((part) => typeof part === 'string' && part));
  return {
    reason: plain([...said].join('; ')),
    traceId: typeof body.traceId === 'string' ? cut(plain(body.traceId), 100) : null,
    parameters: parametersOf(body.invalid, body.notFound),
    isFromHex: isFromHex(body),
  };
}

/**
 * Return whether a body is an error from Hex: it has a reason, or a message and one of CODES.
 * @param {Record<string, any>} body
 */
function isFromHex(body) {
  const older = typeof body.reason === 'string' && body.reason !== '';
  const newer = typeof body.message === 'string' && CODES.has(body.code);
  return older || newer || Array.isArray(body.invalid) || Array.isArray(body.notFound);
}

/** @param {any} problem */
function messageOf(problem) {
  if (!isObject(problem)) return problem;
  if (isTruthy(problem.message)) return problem.message;
  return ['name', 'reason']
    .filter((name) => isTruthy(problem[name]))
    .map((name) => inWords(problem[name]))
    .join(': ');
}

/**
 * Return whether a value is truthy by Python's rules: not null, false, 0 or empty.
 * @param {any} value
 */
function isTruthy(value) {
  if (Array.isArray(value)) return value.length > 0;
  return isObject(value) ? Object.keys(value).length > 0 : Boolean(value);
}

/** @param {any} invalid @param {any} notFound */
function parametersOf(invalid, notFound) {
  const wrong = (Array.isArray(invalid) ? invalid : [])
    .slice(0, MAX_PARAMETERS)
    .filter(isObject)
    .map((part) => Object.fromEntries(PARAMETER_FIELDS.map((name) => [name, plainValue(part[name])])));
  const absent = (Array.isArray(notFound) ? notFound : []).slice(0, MAX_PARAMETERS).map(plainValue);
  if (!wrong.length && !absent.length) return null;
  const said = [
    ...wrong.map(wrongValue),
    ...absent.map((name) => phrase('{name} is not an input of this project.', { name })),
  ];
  const details = new Phrase((language) => plain(joinSentences(said.map((each) => each.said(language))), 2000));
  return { details, invalid: wrong, notFound: absent };
}

/** @param {Record<string, string | null>} part */
function wrongValue(part) {
  const values = { name: part.paramName, value: part.paramValue, type: part.dataType };
  if (CHOICES.includes((part.inputCellType || '').toUpperCase())) {
    return phrase('{name} does not take {value}: it takes the choices of the app, of type {type}.', values);
  }
  return phrase('{name} does not take {value}: it is of type {type}.', values);
}

/** @param {any} value */
function plainValue(value) {
  if (value === null || value === undefined) return null;
  return plain(typeof value === 'string' ? value : spacedJson(value), 200);
}

/** @param {any} value @returns {string} */
function spacedJson(value) {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`;
  if (typeof value === 'number') return numberInWords(value);
  if (!isObject(value)) return JSON.stringify(value).replace(/[\x7f-\uffff]/g, escaped);
  const parts = Object.entries(value).map(([name, part]) => `${spacedJson(name)}: ${spacedJson(part)}`);
  return `{${parts.join(', ')}}`;
}

/** @param {string} unit */
function escaped(unit) {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/**
 * Return external text on one line and without control characters.
 * @param {string} said
 * @param {number} [longest]
 */
function plain(said, longest = 500) {
  const shown = printable(cut(said, longest * 2));
  return lengthOf(shown) <= longest ? shown : `${cut(shown, longest)}…`;
}

module.exports = { parseErrorBody, plain, readRefusal };
