'use strict';
/** Checks the form of a token. Error messages do not contain the token. */

const { BLANK, lengthOf, phrase, printable } = require('./text');

const MAX_LENGTH = 4096;
const PLACEHOLDER = new RegExp(
  '^(?:' +
    [
      '(?:hxt[a-z]_)?(?:…|\\.{3,}|\\*{3,}|(?<=_)x{3,})',
      '(?:hxt[a-z]_)?<[^<>]*>|\\[[^\\][]*\\]|\\{[^{}]*\\}|\\{\\{[^{}]*\\}\\}',
      '\\$[\\p{L}\\p{N}_]+|\\$\\{[^{}]*\\}|\\$\\{\\{[^{}]*\\}\\}|\\$\\([^()]*\\)|%[\\p{L}\\p{N}_]+%',
      '(?:hxt[a-z]_)?(?:your|insert|paste)[\\p{L}\\p{N}_ -]*(?:token|key|secret)[\\p{L}\\p{N}_ -]*',
      'HEX_API_TOKEN',
    ].join('|') +
    ')$',
  'iu',
);
// A single quote at the end may be part of a token, unless the token begins like one of Hex's.
const QUOTED = /^(?:["'`]|hxt[a-z]_.*["'`]$)/s;
const ASSIGNED = new RegExp(`^(?:export[${BLANK}]+|set[${BLANK}]+)?HEX_API_TOKEN[${BLANK}]*[=:]`, 'iu');
const ANY_BLANK = new RegExp(`[${BLANK}]`, 'u');

/**
 * Return what is wrong with a token; null if it may be valid.
 * @param {string} token
 */
function tokenFault(token) {
  if (PLACEHOLDER.test(token)) return phrase('it is a placeholder, in whose place the token belongs');
  if (ASSIGNED.test(token)) return phrase('it begins with the name of the variable');
  if (QUOTED.test(token)) return phrase('there are quotes around it');
  if (token.toLowerCase().startsWith('bearer ')) {
    return phrase('it begins with “Bearer”, which is added when it is sent');
  }
  return wrongCharacter(token);
}

/** @param {string} token */
function wrongCharacter(token) {
  if (/[\n\r]/.test(token)) return phrase('there is a line break in it');
  if (ANY_BLANK.test(token)) return phrase('there is a space in it');
  const foreign = placeOf(token, (each) => each <= '\x7f');
  if (foreign) return phrase('there is a character in it that is not ASCII, at place {place}', { place: foreign });
  const control = placeOf(token, (each) => printable(each, '') === each);
  if (control) return phrase('there is a control character in it, at place {place}', { place: control });
  if (lengthOf(token) > MAX_LENGTH) return phrase('it is longer than {longest} characters', { longest: MAX_LENGTH });
  return null;
}

/** @param {string} token @param {(each: string) => boolean} isRight */
function placeOf(token, isRight) {
  return Array.from(token).findIndex((each) => !isRight(each)) + 1;
}

module.exports = { tokenFault };
