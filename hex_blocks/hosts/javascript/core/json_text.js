'use strict';
/**
 * Parses JSON text from users. Errors have the problem, line and column in Python's words. Integers that JavaScript
 * cannot represent exactly are refused instead of rounded.
 */

const MAX_DEPTH = 900;
const SPACES = /[ \t\n\r]*/y;
const NUMBER = /(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
const PLAIN = /[^"\\\x00-\x1f]*/y;
const HEX = /[0-9A-Fa-f]{4}/y;
const NOT_JSON = ['NaN', 'Infinity', '-Infinity'];
/** @type {Record<string, string>} */
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** Thrown for invalid JSON text, with the problem and its position. */
class JsonFault extends Error {
  /**
   * @param {string} problem
   * @param {string} text
   * @param {number} place
   */
  constructor(problem, text, place) {
    super(problem);
    const before = text.slice(0, place);
    this.line = before.split('\n').length;
    this.column = Array.from(before.slice(before.lastIndexOf('\n') + 1)).length + 1;
  }
}

/** Thrown for JSON text that is nested too deeply. */
class TooDeep extends Error {}

/** Thrown for an integer that cannot be represented exactly. */
class TooLarge extends Error {}

/**
 * Parse JSON text.
 * @param {string} text
 * @returns {any}
 */
function parseJson(text) {
  if (text.startsWith('\ufeff')) throw new JsonFault('Unexpected UTF-8 BOM (decode using utf-8-sig)', text, 0);
  const reader = new Reader(text);
  reader.skipSpaces();
  const value = reader.value(0);
  reader.skipSpaces();
  if (reader.place < text.length) throw new JsonFault('Extra data', text, reader.place);
  return value;
}

class Reader {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.place = 0;
  }

  /**
   * @param {RegExp} pattern
   * @returns {RegExpExecArray | null}
   */
  match(pattern) {
    pattern.lastIndex = this.place;
    const found = pattern.exec(this.text);
    if (found) this.place = pattern.lastIndex;
    return found;
  }

  skipSpaces() {
    this.match(SPACES);
  }

  /** @param {string} problem @param {number} [place] */
  fault(problem, place = this.place) {
    return new JsonFault(problem, this.text, place);
  }

  /** @param {number} depth @returns {any} */
  value(depth) {
    if (depth > MAX_DEPTH) throw new TooDeep();
    const first = this.text[this.place];
    if (first === '"') {
      this.place += 1;
      return this.string();
    }
    if (first === '{') return this.object(depth);
    if (first === '[') return this.array(depth);
    for (const [word, meant] of /** @type {[string, any][]} */ ([
      ['null', null],
      ['true', true],
      ['false', false],
    ])) {
      if (this.text.startsWith(word, this.place)) {
        this.place += word.length;
        return meant;
      }
    }
    const number = this.match(NUMBER);
    if (number) return this.number(number);
    for (const word of NOT_JSON) {
      if (this.text.startsWith(word, this.place)) throw new JsonFault(`${word} is not JSON`, '', 0);
    }
    throw this.fault('Expecting value');
  }

  /** @param {RegExpExecArray} found */
  number(found) {
    const value = Number(found[0]);
    if (found[2] === undefined && found[3] === undefined && !Number.isSafeInteger(value)) throw new TooLarge();
    return value;
  }

  string() {
    const begin = this.place - 1;
    let read = '';
    for (;;) {
      read += /** @type {RegExpExecArray} */ (this.match(PLAIN))[0];
      const next = this.text[this.place];
      if (next === undefined) throw this.fault('Unterminated string starting', begin);
      if (next === '"') {
        this.place += 1;
        return read;
      }
      if (next !== '\\') throw this.fault('Invalid control character');
      read += this.escape(begin);
    }
  }

  /** @param {number} begin */
  escape(begin) {
    const at = this.place;
    const letter = this.text[at + 1];
    if (letter === undefined) throw this.fault('Unterminated string starting', begin);
    if (letter !== 'u') {
      if (!Object.hasOwn(ESCAPES, letter)) throw this.fault('Invalid \\escape', at);
      this.place = at + 2;
      return ESCAPES[letter];
    }
    this.place = at + 2;
    const code = this.match(HEX);
    if (!code) throw this.fault('Invalid \\uXXXX escape', at + 1);
    return String.fromCharCode(parseInt(code[0], 16));
  }

  /** @param {number} depth */
  array(depth) {
    /** @type {any[]} */
    const read = [];
    this.place += 1;
    this.skipSpaces();
    if (this.text[this.place] === ']') {
      this.place += 1;
      return read;
    }
    for (;;) {
      read.push(this.value(depth + 1));
      this.skipSpaces();
      const next = this.text[this.place];
      if (next === ']') {
        this.place += 1;
        return read;
      }
      if (next !== ',') throw this.fault("Expecting ',' delimiter");
      this.place += 1;
      this.skipSpaces();
    }
  }

  /** @param {number} depth */
  object(depth) {
    /** @type {Record<string, any>} */
    const read = {};
    this.place += 1;
    this.skipSpaces();
    if (this.text[this.place] === '}') {
      this.place += 1;
      return read;
    }
    for (;;) {
      if (this.text[this.place] !== '"') throw this.fault('Expecting property name enclosed in double quotes');
      this.place += 1;
      const name = this.string();
      this.skipSpaces();
      if (this.text[this.place] !== ':') throw this.fault("Expecting ':' delimiter");
      this.place += 1;
      this.skipSpaces();
      put(read, name, this.value(depth + 1));
      this.skipSpaces();
      const next = this.text[this.place];
      if (next === '}') {
        this.place += 1;
        return read;
      }
      if (next !== ',') throw this.fault("Expecting ',' delimiter");
      this.place += 1;
      this.skipSpaces();
    }
  }
}

/**
 * Set a property of an object, also one named `__proto__`.
 * @param {Record<string, any>} target
 * @param {string} name
 * @param {unknown} value
 */
function put(target, name, value) {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  } else {
    target[name] = value;
  }
}

module.exports = { JsonFault, TooDeep, TooLarge, parseJson, put };
