'use strict';
/** The scalars of YAML 1.2: what plain ones mean in the core schema, quoted ones, and blocks of lines. */

/** The text is not YAML, YAML in a form that is not read here, or beyond a bound. */
class YamlFault extends Error {
  /**
   * @param {string} message
   * @param {boolean} [isBound] whether it is beyond a bound
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
const NO_NUMBER = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
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
const LARGEST_CODE = 0x10ffff;
const HALVES = [0xd800, 0xdfff];
const HEADER = /[|>](?:([-+])([1-9])?|([1-9])([-+])?)?[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
// Where a document begins or ends, which no quoted text may hold.
const MARKER = /\n(?:---|\.\.\.)(?=[ \t\n]|$)/;
const BLANKS = /[ \t]*/y;

/**
 * Return what a plain scalar means; a number that JSON has not, or that JavaScript cannot hold exactly, is null.
 * @param {string} text
 * @returns {string | number | boolean | null}
 */
function plainValue(text) {
  if (NULLS.has(text) || NO_NUMBER.test(text)) return null;
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  if (!NUMBER.test(text)) return text;
  const value = Number(text);
  const isExact = Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isExact ? value : null;
}

/**
 * Fold the line breaks between two lines: a single one is a space, of several all but the first stay.
 * @param {number} breaks
 */
function folded(breaks) {
  return breaks === 1 ? ' ' : '\n'.repeat(breaks - 1);
}

/**
 * Return where the blanks and line breaks from a line break on end, and how many breaks they were.
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
 * Take the blanks off the end of text, as far as they were not written as escapes.
 * @param {string} text
 * @param {number} kept
 */
function withoutBlanks(text, kept) {
  let end = text.length;
  while (end > kept && (text[end - 1] === ' ' || text[end - 1] === '\t')) end -= 1;
  return text.slice(0, end);
}

/**
 * Read text in quotes.
 * @param {string} text
 * @param {number} start where the first quote is
 * @returns {{ value: string, end: number }} end: behind the last quote
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
 * @param {number} place behind the backslash
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
  if (!found || code > LARGEST_CODE || (code >= HALVES[0] && code <= HALVES[1])) {
    throw new YamlFault('an escape is not known');
  }
  return { value: String.fromCodePoint(code), place: place + 1 + found[0].length };
}

/**
 * Read a block of lines, literal or folded.
 * @param {string} text
 * @param {number} start where its sign is
 * @param {number} parent the column of what it stands in
 * @returns {{ value: string, end: number, lineStart: number }} end: at the first character of what comes after it
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
 * Pass over empty lines and the indentation of the line after them.
 * @param {string} text
 * @param {number} from the beginning of a line
 * @param {number} indent how far it goes; 0 where that is not known yet
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
