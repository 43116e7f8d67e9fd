'use strict';
/** Parses the scalars of YAML 1.2: plain ones with the core schema, quoted ones, and block scalars. */

/** Thrown for text that is not YAML, is not supported, or exceeds a limit. */
class YamlFault extends Error {
  /**
   * @param {string} message
   * @param {boolean} [isBound] whether it exceeds a limit
   */
  constructor(message, isBound = false) {
    super(message);
    this.isBound = isBound;
  }
}

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL']);
const TRUE = new Set(['true', 'True', 'TRUE']);
const FALSE = new Set(['false', 'False', 'FALSE']);
const NUMBER =
  /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
/** @type {Record<string, string>} */
const ESCAPES = {
  0: '\0',
  a: '\x07',
  b: '\b',
  t: '\t',
  '\t': '\t',
  n: '\n',
  v: '\v',
  f: '\f',
  r: '\r',
  e: '\x1b',
  ' ': ' ',
  '"': '"',
  '/': '/',
  '\\': '\\',
  N: '\x85',
  _: '\xa0',
  L: '\u2028',
  P: '\u2029',
};
/** @type {Record<string, RegExp>} */
const CODES = { x: /[0-9a-fA-F]{2}/y, u: /[0-9a-fA-F]{4}/y, U: /[0-9a-fA-F]{8}/y };
const MAX_CODE_POINT = 0x10ffff;
const SURROGATES = [0xd800, 0xdfff];
const HEADER = /[|>](?:([-+])([1-9])?|([1-9])([-+])?)?[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
// The beginning or end of a document, which must not occur in quoted text.
const MARKER = /\n(?:---|\.\.\.)(?=[ \t\n]|$)/;
const BLANKS = /[ \t]*/y;

/**
 * Return the value of a plain scalar; null for a number that JSON or JavaScript cannot represent exactly.
 * @param {string} text
 * @returns {string | number | boolean | null}
 */
function plainValue(text) {
  if (NULLS.has(text) || NOT_FINITE.test(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (!NUMBER.test(text)) return text;
  const value = Number(text);
  const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isExact ? value : null;
}

/**
 * Return folded line breaks: one becomes a space; of several, all but the first remain.
 * @param {number} breaks
 */
function folded(breaks) {
  return breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
}

/**
 * Return the end of the white space that begins with a line break, and the number of line breaks in it.
 * @param {string} text
 * @param {number} from
 */
function afterBreaks(text, from) {
  let place = from;
  let breaks = 0;
  while (text[place] === '\n') {
    breaks += 1;
    BLANKS.lastIndex = place + 1;
    BLANKS.test(text);
    place = BLANKS.lastIndex;
  }
  return { place, breaks };
}

/**
 * Return a text without trailing blanks, except those that were escaped.
 * @param {string} text
 * @param {number} kept
 */
function withoutBlanks(text, kept) {
  let end = text.length;
  while (end > kept && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end);
}

/**
 * Parse a quoted scalar.
 * @param {string} text
 * @param {number} start the position of the first quote
 * @returns {{ value: string, end: number }} end: the position after the last quote
 */
function quotedText(text, start) {
  const quote = text[start];
  const find = quote === '"' ? /["\\\n]/g : /['\n]/g;
  let value = '';
  let kept = 0;
  let place = start + 1;
  for (;;) {
    find.lastIndex = place;
    const found = find.exec(text);
    if (!found) throw new YamlFault('a quote is not closed');
    value += text.slice(place, found.index);
    place = found.index + 1;
    if (found[0] === '\n') {
      const next = afterBreaks(text, found.index);
      value = withoutBlanks(value, kept) + folded(next.breaks);
      kept = value.length;
      place = next.place;
    } else if (found[0] === '\\') {
      const escaped = escapeAt(text, place);
      value += escaped.value;
      kept = value.length;
      place = escaped.place;
    } else if (quote === "'" && text[place] === "'") {
      value += "'";
      place += 1;
    } else {
      if (MARKER.test(text.slice(start, place))) throw new YamlFault('a document ends inside quotes');
      return { value, end: place };
    }
  }
}

/**
 * @param {string} text
 * @param {number} place the position after the backslash
 */
function escapeAt(text, place) {
  const letter = text[place];
  if (letter === '\n') {
    const next = afterBreaks(text, place);
    return { value: '\n'.repeat(next.breaks - 1), place: next.place };
  }
  if (letter !== undefined && Object.hasOwn(ESCAPES, letter)) return { value: ESCAPES[letter], place: place + 1 };
  const digits = Object.hasOwn(CODES, letter || '') ? CODES[letter] : null;
  if (digits) digits.lastIndex = place + 1;
  const found = digits && digits.exec(text);
  const code = found ? parseInt(found[0], 16) : Infinity;
  if (!found || code > MAX_CODE_POINT || (code >= SURROGATES[0] && code <= SURROGATES[1])) {
    throw new YamlFault('an escape is not known');
  }
  return { value: String.fromCodePoint(code), place: place + 1 + found[0].length };
}

/**
 * Parse a block scalar, literal or folded.
 * @param {string} text
 * @param {number} start the position of its indicator
 * @param {number} parent the column of its parent
 * @returns {{ value: string, end: number, lineStart: number }} end: the position of the first character after it
 */
function blockText(text, start, parent) {
  HEADER.lastIndex = start;
  const header = HEADER.exec(text);
  if (!header) throw new YamlFault('a block begins with other signs than it may');
  const chomping = header[1] || header[4];
  const given = Number(header[2] || header[3] || 0);
  let next = afterIndent(text, HEADER.lastIndex, given && Math.max(0, parent) + given);
  const indent = given ? Math.max(0, parent) + given : Math.max(next.widest, parent + 1, 1);
  let value = '';
  let lastBreak = '';
  let wasBlank = false;
  while (next.place < text.length && next.place - next.lineStart === indent) {
    const isBlank = text[next.place] === ' ' || text[next.place] === '\t';
    const folds = text[start] === '>' && lastBreak && !wasBlank && !isBlank;
    value += (folds ? (next.breaks ? '' : ' ') : lastBreak) + '\n'.repeat(next.breaks);
    wasBlank = isBlank;
    const end = text.indexOf('\n', next.place);
    lastBreak = end < 0 ? '' : '\n';
    value += text.slice(next.place, end < 0 ? text.length : end);
    next = afterIndent(text, end < 0 ? text.length : end + 1, indent);
  }
  if (chomping !== '-') value += lastBreak;
  if (chomping === '+') value += '\n'.repeat(next.breaks);
  return { value, end: next.place, lineStart: next.lineStart };
}

/**
 * Skip empty lines and the indentation of the next line.
 * @param {string} text
 * @param {number} from the beginning of a line
 * @param {number} indent the indentation; 0 if it is not known yet
 */
function afterIndent(text, from, indent) {
  let lineStart = from;
  let place = from;
  let breaks = 0;
  let widest = 0;
  for (;;) {
    while (text[place] === ' ' && (!indent || place - lineStart < indent)) place += 1;
    widest = Math.max(widest, place - lineStart);
    if (text[place] === '\t' && (!indent || place - lineStart < indent)) {
      throw new YamlFault('a tab indents a line');
    }
    if (text[place] !== '\n') return { place, lineStart, breaks, widest };
    place += 1;
    lineStart = place;
    breaks += 1;
  }
}

module.exports = { YamlFault, blockText, folded, plainValue, quotedText };
