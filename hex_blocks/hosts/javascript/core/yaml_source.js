'use strict';
/** The position in a YAML text, with methods for lines, comments, document markers and anchors, and the limits. */

const { YamlFault } = require('./yaml_scalars');

const MAX_DEPTH = 100;
const MAX_ALIASES = 1_000;
// The maximum number of nodes that all aliases repeat, because aliases of aliases multiply.
const MAX_REPEATED = 100_000;
const MAX_KEY_LENGTH = 1024;
const NAME = /[&*][0-9A-Za-z_-]+(?=[ \t\n?:,\]}%@`]|$)/y;
const BLANKS = /[ \t]*/y;
const MARKER = /(?:---|\.\.\.)(?=[ \t\n]|$)/y;

class YamlSource {
  /** @param {string} text */
  constructor(text) {
    this.text = text;
    this.place = 0;
    this.lineStart = 0;
    this.depth = 0;
    /** @type {Map<string, { value: any, size: number }>} */
    this.anchors = new Map();
    /** @type {Set<string>} */
    this.named = new Set();
    this.aliases = 0;
    this.nodes = 0;
    this.repeated = 0;
  }

  get char() {
    return this.text[this.place];
  }

  get column() {
    return this.place - this.lineStart;
  }

  /** Return whether the text or the document has ended. */
  ended() {
    return this.place >= this.text.length || this.isMarker('---') || this.isMarker('...');
  }

  /** @param {string} marker */
  isMarker(marker) {
    MARKER.lastIndex = this.place;
    return this.column === 0 && this.text.startsWith(marker, this.place) && MARKER.test(this.text);
  }

  /**
   * Return whether an indicator followed by white space is at the position.
   * @param {string} sign
   */
  isSign(sign) {
    const next = this.text[this.place + 1];
    return this.char === sign && (next === undefined || ' \t\n'.includes(next));
  }

  blanks() {
    BLANKS.lastIndex = this.place;
    BLANKS.test(this.text);
    this.place = BLANKS.lastIndex;
  }

  /** Skip a comment. Return whether the line has ended. */
  isLineOver() {
    if (this.char === '#') {
      const end = this.text.indexOf('\n', this.place);
      this.place = end < 0 ? this.text.length : end;
    }
    return this.char === '\n' || this.char === undefined;
  }

  /** Go to the end of a line without further content. */
  endLine() {
    this.blanks();
    if (!this.isLineOver()) throw new YamlFault('a line goes on where it should end');
  }

  /** Go to the next content after empty lines and comments. It may only be indented with spaces. */
  nextLine() {
    for (;;) {
      while (this.char === ' ') this.place += 1;
      if (!this.isLineOver() || this.char === undefined) return;
      this.place += 1;
      this.lineStart = this.place;
    }
  }

  /**
   * Go to the next content. Return whether it is outside a collection.
   * @param {number} column the column of the collection
   */
  isOver(column) {
    this.nextLine();
    if (this.ended() || this.column < column) return true;
    if (this.column > column) throw new YamlFault('a line is indented more than what it belongs to');
    return false;
  }

  /**
   * Go to the colon after a possible key. Return whether there is one.
   * @param {number} start the position of the key
   * @param {number} line the line of the key
   */
  isKeyOver(start, line) {
    this.blanks();
    return this.lineStart === line && this.isSign(':') && this.place - start <= MAX_KEY_LENGTH;
  }

  /** Read the name of an anchor or an alias. */
  name() {
    NAME.lastIndex = this.place;
    const found = NAME.exec(this.text);
    if (!found) throw new YamlFault('an anchor has no name');
    this.place += found[0].length;
    return found[0].slice(1);
  }

  alias() {
    const known = this.anchors.get(this.name());
    this.aliases += 1;
    this.repeated += known ? known.size : 0;
    if (this.aliases > MAX_ALIASES || this.repeated > MAX_REPEATED) throw tooMuch();
    if (!known) throw new YamlFault('an alias has no anchor');
    this.nodes += known.size;
    return known.value;
  }

  /**
   * Read a value with an anchor, which aliases may refer to.
   * @param {string | null} name
   * @param {() => any} read
   */
  anchored(name, read) {
    if (!name) return read();
    if (this.named.has(name)) throw new YamlFault('an anchor stands twice');
    this.named.add(name);
    const before = this.nodes;
    const value = read();
    this.anchors.set(name, { value, size: this.nodes - before });
    return value;
  }

  /**
   * @template T
   * @param {() => T} read
   */
  collection(read) {
    this.nodes += 1;
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw tooMuch();
    const value = read();
    this.depth -= 1;
    return value;
  }

  /** @param {any} value */
  counted(value) {
    this.nodes += 1;
    return value;
  }
}

function tooMuch() {
  return new YamlFault('it is nested too deep or refers to itself too often', true);
}

module.exports = { MAX_KEY_LENGTH, YamlSource };
