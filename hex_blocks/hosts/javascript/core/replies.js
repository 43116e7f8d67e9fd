'use strict';
/** Converts Hex's replies to the types of the spec; other values become null and are reported. */

const { isObject } = require('./faults');

/**
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {import('./spec').OutputField} OutputField
 *
 * Deviations of a reply from the spec, by the names of the outputs.
 * @typedef {object} Amiss
 * @property {Set<string>} lacking required outputs that are missing
 * @property {Set<string>} missing other outputs that are missing although Hex always sends them
 * @property {Set<string>} unread outputs that have another type than declared
 * @property {Map<string, number>} leftOut how many entries of a list were left out because they are not objects
 *
 * @typedef {Amiss & { reply: any }} CoercedReply
 */

const WHOLE = /^-?[0-9]{1,19}$/;
const FRACTION = /^-?[0-9]{1,15}\.[0-9]{1,15}$/;
const ANY = 'any';

/** @type {WeakMap<ToolSpec, Shape>} */
const shapes = new WeakMap();

/**
 * Convert a reply to the declared types of the outputs, and return it with its deviations.
 * @param {ToolSpec} spec
 * @param {any} reply
 * @returns {CoercedReply}
 */
function coerceReply(spec, reply) {
  /** @type {Amiss} */
  const amiss = { lacking: new Set(), missing: new Set(), unread: new Set(), leftOut: new Map() };
  if (spec.experimental) return { ...amiss, reply };
  const root = shapes.get(spec) || rootOf(spec);
  shapes.set(spec, root);
  if (!root.parts.size) return { ...amiss, reply };
  // A reply that is not an object has none of the declared outputs.
  const whole = root.fitObject(isObject(reply) ? reply : {}, amiss);
  return { ...amiss, reply: isObject(reply) ? whole : null };
}

/** @param {ToolSpec} spec */
function rootOf(spec) {
  const root = new Shape('', false);
  for (const [name, output] of Object.entries(spec.outputs)) {
    if (output.constant !== undefined || output.fromInput || output.countOf) continue;
    const listed = spec.paging && spec.paging.items === name;
    root.add(name, listed ? { ...output, required: true } : output, name);
  }
  if (spec.paging) root.reach(spec.paging.next.split('.')).alwaysThere = true;
  root.prepare();
  return root;
}

/**
 * Return the number in a text; null if it is not a number or cannot be represented exactly.
 * @param {string} said
 */
function numberIn(said) {
  if (WHOLE.test(said)) return Number(said);
  return FRACTION.test(said) && said.replace('-', '').length <= 16 ? Number(said) : null;
}

/** The declaration of a part of a reply: its types, its fields and its entries. */
class Shape {
  /** @param {string} name @param {boolean} inList */
  constructor(name, inList) {
    this.name = name;
    this.inList = inList;
    // Whether it is an output, and not only on the path to one.
    this.declared = false;
    this.nullable = false;
    this.required = false;
    // Whether Hex always sends it, possibly as null.
    this.alwaysThere = false;
    // Whether null is a deviation, and whether that makes the reply useless.
    this.expected = false;
    this.essential = false;
    this.type = ANY;
    /** @type {string[]} */
    this.words = [];
    /** @type {Map<string, Shape>} */
    this.parts = new Map();
    /** @type {Shape | null} */
    this.entries = null;
  }

  /**
   * Return the part at a path, and create it if it does not exist.
   * @param {string[]} steps
   * @param {string} [shown]
   * @returns {Shape}
   */
  reach(steps, shown = '') {
    /** @type {Shape} */
    let shape = this;
    for (const step of steps) {
      shape.type = 'object';
      let part = shape.parts.get(step);
      if (!part) {
        part = new Shape(shown || steps.join('.'), this.inList);
        shape.parts.set(step, part);
      }
      shape = part;
    }
    return shape;
  }

  /** @param {string} name @param {OutputField} field @param {string} shown its name among the tool's outputs */
  add(name, field, shown) {
    this.reach(field.from === '$' ? [] : (field.from || name).split('.'), shown).declare(field, shown);
  }

  /** @param {OutputField} field @param {string} shown */
  declare(field, shown) {
    // Hex's API document has integers where a fraction is harmless.
    this.type = field.type === 'integer' ? 'number' : field.type;
    if (!this.declared) this.name = shown;
    this.declared = true;
    if (!this.words.length) this.words = field.words || [];
    // Outputs that only some versions of Hex send may be missing.
    this.nullable = this.nullable || Boolean(field.nullable) || Boolean(field.newer);
    this.required = this.required || Boolean(field.required);
    for (const [part, nested] of Object.entries(field.fields || {})) this.add(part, nested, `${shown}.${part}`);
    if (field.items) {
      this.entries = this.entries || new Shape('', true);
      this.entries.declare(field.items, `${shown}[]`);
    }
  }

  /** Determine which deviations a null in this part means, after all outputs have been added. */
  prepare() {
    const below = [...this.parts.values()];
    for (const part of below) part.prepare();
    if (this.entries) this.entries.prepare();
    this.essential = this.required || (!this.nullable && below.some((part) => part.essential));
    const due = this.declared || below.some((part) => part.expected || part.alwaysThere);
    this.expected = this.essential || (!this.nullable && due);
  }

  /**
   * Return a value other than null in the declared type, and record deviations.
   * @param {any} value
   * @param {Amiss} found
   * @returns {any}
   */
  fit(value, found) {
    if (typeof value === this.type && (this.type === 'string' || this.type === 'boolean')) {
      if (value === '' && this.required) this.noteAbsent(found);
      return value;
    }
    if (isObject(value) && (this.parts.size || this.type === 'object')) return this.fitObject(value, found);
    if (Array.isArray(value) && this.type === 'array') return this.fitList(value, found);
    const read = this.read(value);
    if (read === null) this.noteUnread(found);
    return read;
  }

  /**
   * Return a value in one of the declared types; null if it has none of them.
   * @param {any} given
   */
  read(given) {
    let value = given;
    if (typeof value === 'string') {
      if (this.words.includes(value)) return value;
      if (this.type === 'number') value = numberIn(value);
    }
    if (value === null) return null;
    if (this.type === ANY) return isExact(value) ? value : null;
    if (typeof value !== 'number') return isOfType(value, this.type) ? value : null;
    return this.type === 'number' && isExact(value) ? value : null;
  }

  /**
   * Return an object with its declared fields in the declared types.
   * @param {Record<string, any>} value
   * @param {Amiss} found
   */
  fitObject(value, found) {
    /** @type {Record<string, any> | null} */
    let changed = null;
    for (const [name, shape] of this.parts) {
      const there = Object.hasOwn(value, name);
      const part = there ? value[name] : null;
      if (part === null || part === undefined) {
        if (shape.expected || (shape.alwaysThere && !there)) shape.noteAbsent(found);
        continue;
      }
      const fitted = shape.fit(part, found);
      if (fitted === part) continue;
      changed = changed || { ...value };
      changed[name] = fitted;
    }
    return changed || value;
  }

  /** @param {any[]} value @param {Amiss} found */
  fitList(value, found) {
    const { entries } = this;
    if (!entries) return value;
    if (entries.type !== 'object') return value.map((each) => entries.fitEntry(each, found));
    const objects = value.filter(isObject);
    const leftOut = value.length - objects.length;
    if (leftOut) {
      found.leftOut.set(entries.name, (found.leftOut.get(entries.name) || 0) + leftOut);
      found.unread.add(entries.name);
    }
    return objects.map((each) => entries.fitObject(each, found));
  }

  /** @param {any} value @param {Amiss} found */
  fitEntry(value, found) {
    if (value !== null) return this.fit(value, found);
    if (!this.nullable) found.missing.add(this.name);
    return null;
  }

  /**
   * Record the deviation that this part is missing.
   * @param {Amiss} found
   */
  noteAbsent(found) {
    if (this.required) (this.inList ? found.missing : found.lacking).add(this.name);
    else if ((this.declared && !this.essential) || this.alwaysThere) found.missing.add(this.name);
    else for (const part of this.parts.values()) if (part.expected || part.alwaysThere) part.noteAbsent(found);
  }

  /** @param {Amiss} found */
  noteUnread(found) {
    if (this.essential && !this.inList) this.noteAbsent(found);
    else if (this.declared || !this.parts.size) found.unread.add(this.name);
    else for (const part of this.parts.values()) found.unread.add(part.name);
  }
}

/**
 * Return whether a number is exactly the one that Hex sent: JavaScript rounds large integers.
 * @param {any} value
 */
function isExact(value) {
  return typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value);
}

/** @param {any} value @param {string} type */
function isOfType(value, type) {
  if (type === 'object') return isObject(value);
  if (type === 'array') return Array.isArray(value);
  return typeof value === type;
}

module.exports = { coerceReply };
