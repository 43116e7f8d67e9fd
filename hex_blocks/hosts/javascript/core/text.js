'use strict';
/**
 * Text as Python has it, so that both runtimes say the same: blanks, letters without case, what can be printed,
 * numbers as words, and sentences in a language.
 */

const { MANY, counted, formulaOf, inForm } = require('./plurals');

const BLANK = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANKS = new RegExp(`[${BLANK}]+`, 'u');
const AROUND = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, 'gu');
const NOT_PRINTABLE = /(?! )[\p{C}\p{Z}]/gu;
const HALF = /[\ud800-\udfff]/u;
const TOKENS = new RegExp(`(hxt[a-z]_)[^${BLANK}/"']+`, 'giu');
const FULL_WIDTH_ENDS = ['。', '！', '？', '：'];
const SOURCE_LANGUAGE = 'en';
/** What a language is called where its name says neither its script nor its country. @type {Record<string, string>} */
const OTHER_NAMES = {
  pt: 'pt_BR',
  zh: 'zh_Hans',
  zh_cn: 'zh_Hans',
  zh_hant: 'zh_Hant',
  zh_hk: 'zh_Hant',
  zh_mo: 'zh_Hant',
  zh_my: 'zh_Hans',
  zh_sg: 'zh_Hans',
  zh_tw: 'zh_Hant',
};

/** @typedef {import('./plurals').Plural} Plural */

/** @type {Record<string, Record<string, string | string[]>>} */
let texts = {};
/** @type {Record<string, import('./plurals').Formula>} */
let formulas = {};

/**
 * Words that are known before anybody knows in which language they will be told.
 */
class Phrase {
  /** @param {(language?: string | null) => string} say gives the words in a language, English where none is named */
  constructor(say) {
    /** @type {(language?: string | null) => string} */
    this.said = say;
  }

  toString() {
    return this.said(null);
  }

  toJSON() {
    return this.said(null);
  }
}

/**
 * Take the translations that are spoken from now on.
 * @param {Record<string, Record<string, string | string[]>>} translations by language, then by English sentence; of
 *   a sentence that speaks of a number, by its form of one, all forms of the language
 * @param {Record<string, string>} [plurals] by language, gettext's formula of which form a number takes
 */
function useTexts(translations, plurals = {}) {
  texts = translations;
  formulas = Object.fromEntries(Object.entries(plurals).map(([language, formula]) => [language, formulaOf(formula)]));
}

/**
 * Return an English sentence in a language; as it is where there is no translation.
 * @param {string | Plural} english
 * @param {string | null} [language]
 * @param {number} [count] the number that a Plural speaks of
 * @returns {string}
 */
function text(english, language, count = MANY) {
  const known = language && language !== SOURCE_LANGUAGE ? texts[language] : undefined;
  const name = typeof english === 'string' ? english : english.one;
  const found = known && Object.hasOwn(known, name) ? known[name] : undefined;
  if (typeof english === 'string') return (typeof found === 'string' && found) || english;
  if (Array.isArray(found)) return inForm(found, formulas[/** @type {string} */ (language)], count);
  return count === 1 ? english.one : english.many;
}

/**
 * Find the language there is that is nearest to the one wanted: de-AT is de, zh-CN is zh_Hans, zh-HK is zh_Hant.
 * @param {string | null | undefined} wanted
 * @returns {string}
 */
function nearestLanguage(wanted) {
  const plain = String(wanted || '')
    .split(/[.@]/)[0]
    .replaceAll('-', '_');
  const have = new Map([SOURCE_LANGUAGE, ...Object.keys(texts)].map((name) => [name.toLowerCase(), name]));
  const parts = plain.toLowerCase().split('_');
  for (let count = parts.length; count > 0; count -= 1) {
    const shorter = parts.slice(0, count).join('_');
    const other = Object.hasOwn(OTHER_NAMES, shorter) ? OTHER_NAMES[shorter] : '';
    const found = have.get(shorter) || have.get(other.toLowerCase());
    if (found) return found;
    // Simplified Chinese is nothing that a reader of the traditional script asked for.
    if (other) return SOURCE_LANGUAGE;
  }
  return SOURCE_LANGUAGE;
}

/**
 * Make a phrase of an English sentence and what fills its places.
 * @param {string | Plural} english
 * @param {Record<string, unknown>} [values]
 */
function phrase(english, values = {}) {
  return new Phrase((language) => sentence(english, language, values));
}

/**
 * Say a sentence in a language, its places filled with values.
 * @param {string | Plural} english
 * @param {string | null | undefined} language
 * @param {Record<string, unknown>} [values]
 */
function sentence(english, language, values = {}) {
  const count = typeof english === 'string' ? MANY : counted(values, english.by);
  return text(english, language, count).replace(/\{\{|\}\}|\{(\w+)\}/g, (place, name) => {
    if (name === undefined) return place[0];
    return said(values[name], language);
  });
}

/**
 * Say one value inside a sentence.
 * @param {unknown} value
 * @param {string | null} [language]
 * @returns {string}
 */
function said(value, language) {
  if (value instanceof Phrase) return value.said(language);
  if (value === null || value === undefined) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return typeof value === 'number' ? numberInWords(value) : String(value);
}

/**
 * Write a number as Python does.
 * @param {number} value
 */
function numberInWords(value) {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size < 1e16 && size >= 1e-4) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits, exponent] = value.toExponential().split('e');
  return `${digits}e${exponent[0]}${exponent.slice(1).padStart(2, '0')}`;
}

/**
 * Join sentences as their language does: with a blank, but with none after a full-width full stop.
 * @param {string[]} sentences
 */
function oneAfterTheOther(sentences) {
  let joined = '';
  for (const each of sentences.filter(Boolean)) {
    joined += (joined === '' || FULL_WIDTH_ENDS.includes(joined.slice(-1)) ? '' : ' ') + each;
  }
  return joined;
}

/** @param {string} value */
function strip(value) {
  // Most text has nothing to strip, and looking at its ends is much faster than searching it.
  return isPlain(value.charCodeAt(0)) && isPlain(value.charCodeAt(value.length - 1))
    ? value
    : value.replace(AROUND, '');
}

/** @param {number} code */
function isPlain(code) {
  return code > 0x20 && code < 0x7f;
}

/**
 * Take some characters off both ends.
 * @param {string} value
 * @param {string} characters
 */
function stripOf(value, characters) {
  let start = 0;
  let end = value.length;
  while (start < end && characters.includes(value[start])) start += 1;
  while (end > start && characters.includes(value[end - 1])) end -= 1;
  return value.slice(start, end);
}

/**
 * Split text at blanks.
 * @param {string} value
 */
function words(value) {
  return strip(value).split(BLANKS).filter(Boolean);
}

/**
 * Return text without the difference between capital and small letters, letter by letter.
 * @param {string} value
 */
function casefold(value) {
  if (/^[\0-\x7f]*$/.test(value)) return value.toLowerCase();
  return Array.from(value, foldLetter).join('');
}

/** @param {string} letter */
function foldLetter(letter) {
  if (letter === 'ı') return letter;
  if (letter === 'ẞ') return 'ss';
  const code = /** @type {number} */ (letter.codePointAt(0));
  // Cherokee has its capitals where other scripts have small letters.
  if (
    (code >= 0x13a0 && code <= 0x13f5) ||
    (code >= 0xab70 && code <= 0xabbf) ||
    (code >= 0x13f8 && code <= 0x13fd)
  ) {
    return letter.toUpperCase();
  }
  // One at a time: a sigma at the end of a word would be another letter.
  return Array.from(letter.toUpperCase(), (each) => each.toLowerCase()).join('');
}

/**
 * Return how many characters text has; one outside the first plane is one.
 * @param {string} value
 */
function lengthOf(value) {
  let length = value.length;
  for (let place = 0; place < value.length - 1; place += 1) {
    const code = value.charCodeAt(place);
    if (code >= 0xd800 && code < 0xdc00) {
      const next = value.charCodeAt(place + 1);
      if (next >= 0xdc00 && next < 0xe000) {
        length -= 1;
        place += 1;
      }
    }
  }
  return length;
}

/**
 * Return the first characters of text.
 * @param {string} value
 * @param {number} longest
 */
function cut(value, longest) {
  return value.length <= longest
    ? value
    : Array.from(value.slice(0, longest * 2))
        .slice(0, longest)
        .join('');
}

/**
 * Take out what steers a terminal instead of being shown.
 * @param {string} value
 * @param {string} [instead]
 */
function printable(value, instead = ' ') {
  return value.replace(NOT_PRINTABLE, instead);
}

/**
 * Whether text can be sent: half of a character, which JSON can hold, cannot.
 * @param {string} value
 */
function isUnicode(value) {
  return !HALF.test(value);
}

/**
 * Take out what looks like one of Hex's tokens: people put them into the wrong field.
 * @param {string} value
 */
function withoutTokens(value) {
  return value.replace(TOKENS, '$1…');
}

/**
 * Write text as Python shows it: in single quotes, unless it holds one.
 * @param {string} value
 */
function quoted(value) {
  const quote = value.includes("'") && !value.includes('"') ? '"' : "'";
  /** @type {Record<string, string>} */
  const short = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t', [quote]: `\\${quote}` };
  const inside = Array.from(value, (each) => {
    if (Object.hasOwn(short, each)) return short[each];
    if (printable(each, '') === each) return each;
    const code = /** @type {number} */ (each.codePointAt(0));
    if (code < 0x100) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
  return quote + inside.join('') + quote;
}

module.exports = {
  BLANK,
  Phrase,
  SOURCE_LANGUAGE,
  casefold,
  cut,
  isUnicode,
  lengthOf,
  nearestLanguage,
  numberInWords,
  oneAfterTheOther,
  phrase,
  printable,
  quoted,
  said,
  sentence,
  strip,
  stripOf,
  text,
  useTexts,
  withoutTokens,
  words,
};
