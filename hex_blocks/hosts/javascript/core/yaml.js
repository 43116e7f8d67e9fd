'use strict';
/**
 * Parses YAML 1.2 with the core schema and within limits: one document of block and flow collections, all kinds of
 * scalars, anchors and aliases. Directives, tags and explicit keys are not supported.
 */

const { put } = require('./json_text');
const { lengthOf } = require('./text');
const { YamlFault, blockText, folded, plainValue, quotedText } = require('./yaml_scalars');
const { MAX_KEY_LENGTH, YamlSource } = require('./yaml_source');

const MAX_CHARACTERS = 20_000_000;
const NOT_PRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u;
// Line breaks of YAML 1.1.
const OLD_BREAKS = /[\x85\u2028\u2029]/g;
const PLAIN_END = /:(?=[ \t\n]|$)|[ \t]#|\n|$/g;
const FLOW_PLAIN_END = /:(?=[ \t\n,?[\]{}]|$)|[ \t]#|[\n,[\]{}]|$/g;
const NOT_PLAIN = /[-?:,[\]{}#&*!|>'"%@`]/;

/**
 * Parse a YAML document.
 * @param {string} text
 * @returns {any}
 */
function readYaml(text) {
  if (lengthOf(text) > MAX_CHARACTERS) throw new YamlFault(`more than ${MAX_CHARACTERS} characters`, true);
  const clean = text.replace(/^\ufeff/, '').replace(OLD_BREAKS, ' ');
  if (NOT_PRINTABLE.test(clean)) throw new YamlFault('a character is not allowed');
  return new Reader(clean.replace(/\r\n?/g, '\n')).document();
}

class Reader extends YamlSource {
  document() {
    this.nextLine();
    let value = null;
    if (this.isMarker('---')) {
      this.place += 3;
      value = this.valueBelow(-1, false);
    } else if (this.isMarker('...')) throw new YamlFault('a document ends before it begins');
    else if (!this.ended()) value = this.blockNode(-1);
    this.nextLine();
    if (this.isMarker('...')) {
      this.place += 3;
      this.endLine();
      this.nextLine();
    }
    if (this.place < this.text.length) throw new YamlFault('something comes after the document');
    return value;
  }

  // Blocks

  /**
   * Read the value of a key or a list marker: on the same line, or indented below.
   * @param {number} parent
   * @param {boolean} listsBeside whether a list may have the same indentation as its key
   * @returns {any}
   */
  valueBelow(parent, listsBeside) {
    this.blanks();
    const anchor = this.char === '&' ? this.name() : null;
    this.blanks();
    return this.anchored(anchor, () => {
      if (!this.isLineOver()) return this.inlineNode(parent);
      this.nextLine();
      if (!this.ended()) {
        if (this.column > parent) return this.blockNode(parent, Boolean(anchor));
        if (listsBeside && this.column === parent && this.isSign('-')) return this.list(parent, true);
      }
      return this.counted(null);
    });
  }

  /**
   * Read a node at a position where a key could begin.
   * @param {number} parent
   * @param {boolean} [isNamed] whether it has an anchor on the line above
   * @returns {any}
   */
  blockNode(parent, isNamed = false) {
    const { column } = this;
    if (this.isSign('-')) return this.list(column, false);
    const start = this.place;
    const line = this.lineStart;
    const anchor = this.char === '&' ? this.name() : null;
    if (anchor) this.blanks();
    if (anchor && !isNamed && this.isLineOver()) {
      return this.anchored(anchor, () => {
        this.nextLine();
        if (this.ended() || this.column <= parent) return this.counted(null);
        return this.blockNode(parent, true);
      });
    }
    if (this.char === '|' || this.char === '>') return this.anchored(anchor, () => this.block(parent));
    const first = this.anchored(anchor, () => this.atom(parent, false));
    if (this.isKeyOver(start, line)) return this.mapping(column, first);
    if (anchor && isNamed) throw new YamlFault('a value has two anchors');
    this.endLine();
    return first;
  }

  /**
   * Read a value on the line of its key.
   * @param {number} parent
   */
  inlineNode(parent) {
    if (this.isSign('-') || this.isSign('?')) throw new YamlFault('a collection begins on the line of its key');
    if (this.char === '|' || this.char === '>') return this.block(parent);
    const value = this.atom(parent, false);
    this.endLine();
    return value;
  }

  /** @param {number} parent */
  block(parent) {
    const { value, end, lineStart } = blockText(this.text, this.place, parent);
    this.place = end;
    this.lineStart = lineStart;
    return this.counted(value);
  }

  /**
   * @param {number} column
   * @param {boolean} beside whether it has the same indentation as its key
   */
  list(column, beside) {
    return this.collection(() => {
      /** @type {any[]} */
      const read = [];
      while (this.isSign('-')) {
        this.place += 1;
        while (this.char === ' ') this.place += 1;
        read.push(this.entryBelow(column));
        if (this.isOver(column)) return read;
      }
      if (!beside) throw new YamlFault('a list goes on without its sign');
      return read;
    });
  }

  /** @param {number} column */
  entryBelow(column) {
    if (!this.isLineOver()) return this.blockNode(column);
    this.nextLine();
    return this.ended() || this.column <= column ? this.counted(null) : this.blockNode(column);
  }

  /**
   * Read a mapping whose first key has been read.
   * @param {number} column
   * @param {any} first
   */
  mapping(column, first) {
    return this.collection(() => {
      /** @type {Record<string, any>} */
      const read = {};
      let key = first;
      for (;;) {
        this.place += 1;
        put(read, nameOf(key), this.valueBelow(column, true));
        if (this.isOver(column)) return read;
        const start = this.place;
        const line = this.lineStart;
        const anchor = this.char === '&' ? this.name() : null;
        if (anchor) this.blanks();
        key = this.anchored(anchor, () => this.atom(column, false));
        if (!this.isKeyOver(start, line)) throw new YamlFault('a key has no colon');
      }
    });
  }

  // In both

  /**
   * Read an alias, a flow collection, quoted text or plain text.
   * @param {number} parent
   * @param {boolean} inFlow
   * @returns {any}
   */
  atom(parent, inFlow) {
    switch (this.char) {
      case '*':
        return this.alias();
      case '[':
        return this.collection(() => this.flowList());
      case '{':
        return this.collection(() => this.flowMapping());
      case '"':
      case "'":
        return this.quoted();
      default:
        return this.counted(plainValue(this.plain(parent, inFlow)));
    }
  }

  quoted() {
    const { value, end } = quotedText(this.text, this.place);
    const lastBreak = this.text.slice(this.place, end).lastIndexOf('\n');
    if (lastBreak >= 0) this.lineStart = this.place + lastBreak + 1;
    this.place = end;
    return this.counted(value);
  }

  /**
   * Read a plain scalar, which continues on further lines if they are indented more than its parent.
   * @param {number} parent
   * @param {boolean} inFlow
   */
  plain(parent, inFlow) {
    const next = this.text[this.place + 1];
    const isOdd = this.char === undefined || (NOT_PLAIN.test(this.char) && !this.mayBegin(next, inFlow));
    if (isOdd || ' \t\n'.includes(this.char)) throw new YamlFault('something begins with a sign that it may not');
    let value = this.plainLine(inFlow);
    for (;;) {
      const { place, lineStart } = this;
      const breaks = this.breaksInPlain(parent, inFlow);
      const line = breaks && this.isContinued(parent, inFlow) ? this.plainLine(inFlow) : '';
      if (!line) {
        // Continue after the end of the scalar.
        Object.assign(this, { place, lineStart });
        return value;
      }
      value += folded(breaks) + line;
    }
  }

  /**
   * Return whether a plain scalar may begin with an indicator here.
   * @param {string | undefined} next
   * @param {boolean} inFlow
   */
  mayBegin(next, inFlow) {
    const isFollowed = next !== undefined && !' \t\n'.includes(next);
    if (this.char === '-') return isFollowed;
    return (this.char === '?' || this.char === ':') && isFollowed && !inFlow;
  }

  /** @param {boolean} inFlow */
  plainLine(inFlow) {
    const find = inFlow ? FLOW_PLAIN_END : PLAIN_END;
    find.lastIndex = this.place;
    const found = /** @type {RegExpExecArray} */ (find.exec(this.text));
    const { index } = found;
    const next = this.text[index + 1];
    if (found[0] === ':' && next !== undefined && ',?[]{}'.includes(next)) {
      throw new YamlFault('a colon stands before what it cannot');
    }
    const line = this.text.slice(this.place, index).replace(/[ \t]+$/, '');
    this.place += line.length;
    return line;
  }

  /**
   * Skip the line breaks inside a plain scalar, and return their number.
   * @param {number} parent
   * @param {boolean} inFlow
   */
  breaksInPlain(parent, inFlow) {
    let breaks = 0;
    this.blanks();
    while (this.char === '\n') {
      this.place += 1;
      this.lineStart = this.place;
      breaks += 1;
      this.blanks();
      const tab = this.text.slice(this.lineStart, this.place).indexOf('\t');
      if (tab >= 0 && tab <= parent && !inFlow) throw new YamlFault('a tab indents a line');
    }
    return breaks;
  }

  /** @param {number} parent @param {boolean} inFlow */
  isContinued(parent, inFlow) {
    return !this.ended() && this.char !== '#' && (inFlow || this.column > parent);
  }

  // Flow collections

  flowList() {
    /** @type {any[]} */
    const read = [];
    this.place += 1;
    while (!this.isClosed(']', read.length > 0)) {
      const start = this.place;
      const line = this.lineStart;
      const value = this.flowNode();
      read.push(this.isFlowKey(start, line) ? this.flowPair(nameOf(value)) : value);
    }
    return read;
  }

  flowMapping() {
    /** @type {Record<string, any>} */
    const read = {};
    let isFirst = true;
    this.place += 1;
    while (!this.isClosed('}', !isFirst)) {
      const start = this.place;
      const line = this.lineStart;
      const key = nameOf(this.flowNode());
      put(read, key, this.isFlowKey(start, line) ? this.flowValue() : this.counted(null));
      isFirst = false;
    }
    return read;
  }

  /**
   * Go to the next entry of a flow collection. Return whether there is none.
   * @param {string} end
   * @param {boolean} hasEntries
   */
  isClosed(end, hasEntries) {
    this.flowBlanks();
    if (hasEntries && this.char !== end) {
      if (this.char !== ',') throw new YamlFault('an entry has no comma behind it');
      this.place += 1;
      this.flowBlanks();
    }
    if (this.char !== end) return false;
    this.place += 1;
    return true;
  }

  flowBlanks() {
    for (;;) {
      this.blanks();
      if (!this.isLineOver() || this.char === undefined) break;
      this.place += 1;
      this.lineStart = this.place;
    }
    if (this.ended()) throw new YamlFault('a collection is not closed');
  }

  /** @returns {any} */
  flowNode() {
    const anchor = this.char === '&' ? this.name() : null;
    if (anchor) this.flowBlanks();
    return this.anchored(anchor, () => {
      const isEmpty = anchor && this.char !== undefined && ',]}:'.includes(this.char);
      return isEmpty ? this.counted(null) : this.atom(-1, true);
    });
  }

  /** @param {number} start @param {number} line */
  isFlowKey(start, line) {
    this.flowBlanks();
    return this.char === ':' && this.lineStart === line && this.place - start <= MAX_KEY_LENGTH;
  }

  /**
   * Read the rest of a single pair in a flow list, which is a mapping without braces.
   * @param {string} key
   */
  flowPair(key) {
    return this.collection(() => {
      /** @type {Record<string, any>} */
      const pair = {};
      put(pair, key, this.flowValue());
      return pair;
    });
  }

  /** @returns {any} */
  flowValue() {
    this.place += 1;
    this.flowBlanks();
    return ',]}'.includes(this.char) ? this.counted(null) : this.flowNode();
  }
}

/**
 * Return a key as JSON text.
 * @param {any} key
 */
function nameOf(key) {
  if (typeof key === 'object' && key !== null) throw new YamlFault('a key is a collection');
  return String(key);
}

module.exports = { YamlFault, readYaml };
