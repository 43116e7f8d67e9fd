'use strict';
/**
 * Text functions with the same results as in Python: white space, case folding, printable characters, numbers, and
 * sentences in a language.
 */

const { MANY, counted, formulaOf, inForm } = require('./plurals');

const BLANK = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const BLANKS = new RegExp(`[${BLANK}]+`, 'u');
const AROUND = new RegExp(`^[${BLANK}]+|[${BLANK}]+$`, 'gu');
const NOT_PRINTABLE = /(?! )[\p{C}\p{Z}]/gu;
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const TOKENS = new RegExp(`(hxt[a-z]_)[^${BLANK}/"']+`, 'giu');
const FULL_WIDTH_ENDS = ['。', '！', '？', '：'];
const SOURCE_LANGUAGE = 'en';
/** Aliases of languages that include a script or country. @type {Record<string, string>} */
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
 * A text whose language is chosen when it is shown.
 */
class Phrase {
  /** @param {(language?: string | null) => string} say returns the text in a language. Default: English */
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
 * Set the translations.
 * @param {Record<string, Record<string, string | string[]>>} translations by language, then by English sentence; for
 *   a plural, by its singular, all forms of the language
 * @param {Record<string, string>} [plurals] by language, gettext's formula for the plural form of a number
 */
function useTexts(translations, plurals = {}) {
  texts = translations;
  formulas = Object.fromEntries(Object.entries(plurals).map(([language, formula]) => [language, formulaOf(formula)]));
}

/**
 * Return an English sentence in a language; unchanged if there is no translation.
 * @param {string | Plural} english
 * @param {string | null} [language]
 * @param {number} [count] the number that decides the form of a Plural
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
 * Return the best available language for a requested one: de for de-AT, zh_Hans for zh-CN, zh_Hant for zh-HK.
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
    // Readers of traditional Chinese do not get simplified Chinese.
    if (other) return SOURCE_LANGUAGE;
  }
  return SOURCE_LANGUAGE;
}

/**
 * Return a phrase of an English sentence and the values for its placeholders.
 * @param {string | Plural} english
 * @param {Record<string, unknown>} [values]
 */
function phrase(english, values = {}) {
  return new Phrase((language) => sentence(english, language, values));
}

/**
 * Return a sentence in a language, with its placeholders replaced by values.
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
 * Return the text of a value inside a sentence.
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
 * Return a number in the same form as in Python.
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
 * Join sentences with spaces, but without a space after full-width punctuation.
 * @param {string[]} sentences
 */
function joinSentences(sentences) {
  let joined = '';
  for (const each of sentences.filter(Boolean)) {
    joined += (joined === '' || FULL_WIDTH_ENDS.includes(joined.slice(-1)) ? '' : ' ') + each;
  }
  return joined;
}

/** @param {string} value */
function strip(value) {
  // Most texts have nothing to strip, and checking their ends is much faster than a search.
  return isPlain(value.charCodeAt(0)) && isPlain(value.charCodeAt(value.length - 1))
    ? value
    : value.replace(AROUND, '');
}

/** @param {number} code */
function isPlain(code) {
  return code > 0x20 && code < 0x7f;
}

/**
 * Remove given characters from both ends of a text.
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
 * Split a text at white space.
 * @param {string} value
 */
function words(value) {
  return strip(value).split(BLANKS).filter(Boolean);
}

/**
 * Return a text for comparison without differences of case.
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
  // Cherokee is folded to capital letters, unlike other scripts.
  if (
    (code >= 0x13a0 && code <= 0x13f5) ||
    (code >= 0xab70 && code <= 0xabbf) ||
    (code >= 0x13f8 && code <= 0x13fd)
  ) {
    return letter.toUpperCase();
  }
  // One letter at a time, because a sigma at the end of a word has another lower case.
  return Array.from(letter.toUpperCase(), (each) => each.toLowerCase()).join('');
}

/**
 * Return the number of code points of a text.
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
 * Return the first code points of a text.
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
 * Return a text without control characters.
 * @param {string} value
 * @param {string} [instead]
 */
function printable(value, instead = ' ') {
  return value.replace(NOT_PRINTABLE, instead);
}

/**
 * Return whether a text has no lone surrogates, which cannot be sent.
 * @param {string} value
 */
function isUnicode(value) {
  return !LONE_SURROGATE.test(value);
}

/**
 * Return a text without anything that looks like a token of Hex, which users may enter in a wrong field.
 * @param {string} value
 */
function withoutTokens(value) {
  return value.replace(TOKENS, '$1…');
}

/**
 * Return a text in quotes, in the same form as Python's repr.
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
  joinSentences,
  lengthOf,
  nearestLanguage,
  numberInWords,
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
