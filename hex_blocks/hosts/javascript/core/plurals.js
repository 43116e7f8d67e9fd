'use strict';
/**
 * Plural forms, chosen by gettext's formula: a C expression of `n` such as `n != 1`. The formula is parsed here and not
 * evaluated as JavaScript, because hosts forbid `eval`.
 */

/**
 * @typedef {{ one: string, many: string, by: string }} Plural both English forms, and the placeholder that is counted
 * @typedef {(n: number) => number} Formula
 */

// Used for the plural form when the number is unknown.
const MANY = 5;
const TOKEN = /\s*(\d+|n\b|&&|\|\||[=!<>]=|[-+*/%!<>?:()])/y;
/** By increasing precedence. @type {Record<string, (a: number, b: number) => number>[]} */
const OPERATORS = [
  { '||': (a, b) => Number(a || b) },
  { '&&': (a, b) => Number(a && b) },
  { '==': (a, b) => Number(a === b), '!=': (a, b) => Number(a !== b) },
  { '<': (a, b) => Number(a < b), '>': (a, b) => Number(a > b), '<=': (a, b) => Number(a <= b), '>=': (a, b) => Number(a >= b) },
  { '+': (a, b) => a + b, '-': (a, b) => a - b },
  { '*': (a, b) => a * b, '/': (a, b) => Math.trunc(a / b), '%': (a, b) => a % b },
];

/**
 * Return a text with both English forms.
 * @param {string} one
 * @param {string} many
 * @param {string} [by] the placeholder that is counted
 * @returns {Plural}
 */
function plural(one, many, by = 'count') {
  return { one, many, by };
}

/**
 * Parse gettext's formula.
 * @param {string} written
 * @returns {Formula} returns the index of the form for a number
 */
function formulaOf(written) {
  const tokens = tokensOf(written);
  const made = choice(tokens);
  if (tokens.length) throw new SyntaxError(`${written} is not a formula of plurals`);
  return made;
}

/** @param {string} written */
function tokensOf(written) {
  /** @type {string[]} */
  const tokens = [];
  TOKEN.lastIndex = 0;
  const text = written.trim();
  while (TOKEN.lastIndex < text.length) {
    const found = TOKEN.exec(text);
    if (!found) throw new SyntaxError(`${written} is not a formula of plurals`);
    tokens.push(found[1]);
  }
  return tokens;
}

/** @param {string[]} tokens @returns {Formula} */
function choice(tokens) {
  const asked = binary(tokens, 0);
  if (tokens[0] !== '?') return asked;
  tokens.shift();
  const yes = choice(tokens);
  expect(tokens, ':');
  const no = choice(tokens);
  return (n) => (asked(n) ? yes(n) : no(n));
}

/** @param {string[]} tokens @param {number} level @returns {Formula} */
function binary(tokens, level) {
  if (level === OPERATORS.length) return single(tokens);
  let left = binary(tokens, level + 1);
  while (Object.hasOwn(OPERATORS[level], tokens[0] ?? '')) {
    const operator = OPERATORS[level][/** @type {string} */ (tokens.shift())];
    const [first, second] = [left, binary(tokens, level + 1)];
    left = (n) => operator(first(n), second(n));
  }
  return left;
}

/** @param {string[]} tokens @returns {Formula} */
function single(tokens) {
  const token = tokens.shift() ?? '';
  if (token === 'n') return (n) => n;
  if (/^\d+$/.test(token)) return () => Number(token);
  if (token === '!') {
    const denied = single(tokens);
    return (n) => Number(!denied(n));
  }
  if (token !== '(') throw new SyntaxError(`${token || 'the end'} is not due in a formula of plurals`);
  const inside = choice(tokens);
  expect(tokens, ')');
  return inside;
}

/** @param {string[]} tokens @param {string} due */
function expect(tokens, due) {
  if (tokens.shift() !== due) throw new SyntaxError(`${due} is missing in a formula of plurals`);
}

/**
 * Return the number that decides the plural form, from the values of a sentence.
 * @param {Record<string, unknown>} values
 * @param {string} by
 */
function counted(values, by) {
  const value = values[by];
  return typeof value === 'number' && Number.isFinite(value) ? value : MANY;
}

/**
 * Return the form for a number. A fraction counts as its integer part in languages in which 0 has the same form as 1
 * (French: 1,5 seconde), and as 0 in the others (German: 1,5 Sekunden).
 * @param {string[]} forms
 * @param {Formula} formula
 * @param {number} count
 */
function inForm(forms, formula, count) {
  const whole = Math.abs(Math.trunc(count));
  const counts = Number.isInteger(count) || forms[formula(0)] === forms[formula(1)] ? whole : 0;
  return forms[formula(counts)];
}

module.exports = { MANY, counted, formulaOf, inForm, plural };
