'use strict';
/** The errors of tools, the same as in Python: a kind, a key, values, a sentence and a hint. */

const { Phrase, joinSentences, printable, sentence } = require('./text');

/**
 * @typedef {import('./plurals').Plural} Plural
 * @typedef {{ kind: string, message: string | Plural, hint: string | Plural }} Words
 * @typedef {{ input: string, key: string, values?: Record<string, unknown> }} Fault
 * @typedef {object} Tables
 * @property {Record<string, Words>} errors
 * @property {Record<string, string | Plural>} faults
 * @property {Record<string, string | Plural>} warnings
 * @property {Record<string, string>} byStatus
 * @property {string} lostAnswer
 */

/** @type {Tables} */
let tables = { errors: {}, faults: {}, warnings: {}, byStatus: {}, lostAnswer: '' };

/**
 * Set the tables of sentences.
 * @param {Tables} given
 */
function useTables(given) {
  tables = given;
}

/** An error of a tool. `kind` says how to remedy it, `key` identifies it. */
class HexError extends Error {
  /**
   * @param {string} key
   * @param {object} [details]
   * @param {number | null} [details.status] the HTTP status of Hex's reply, if there was one
   * @param {string | null} [details.traceId] Hex's ID of the failed request
   * @param {Fault[]} [details.faults] all faults in the inputs
   * @param {Record<string, any>} [values] the values for the placeholders of the sentence
   */
  constructor(key, { status = null, traceId = null, faults = [] } = {}, values = {}) {
    super(key);
    this.name = 'HexError';
    this.key = key;
    this.status = status;
    this.traceId = traceId && printable(traceId);
    this.faults = faults;
    /** @type {Record<string, any>} */
    this.values = {};
    // Values may come from Hex, and errors are shown in terminals and to models.
    for (const [name, value] of Object.entries(values)) {
      this.values[name] = typeof value === 'string' ? printable(value) : value;
    }
    /** @type {Record<string, any> | null} the outputs of the tool so far */
    this.partial = null;
    /** whether the refusal is from Hex itself; one from a gateway may come after Hex accepted the request */
    this.byHex = true;
    this.message = this.said();
  }

  /** The kind of remedy: input, token, not_found, busy, down or run. */
  get kind() {
    return tables.errors[this.key].kind;
  }

  /**
   * Return the sentence that says what happened.
   * @param {string | null} [language]
   */
  said(language) {
    const values = { status: this.status, ...this.values };
    const said = sentence(tables.errors[this.key].message, language, values);
    return joinSentences([said, ...this.faults.map((fault) => faultSaid(fault, language))]);
  }

  /** Return the sentence as a phrase, for use in another error. */
  phrase() {
    return new Phrase((language) => this.said(language));
  }

  /**
   * Return the hint what to do next; empty if there is none.
   * @param {string | null} [language]
   */
  hint(language) {
    if (this.values.outcome === 'unknown') return sentence(tables.lostAnswer, language);
    return sentence(tables.errors[this.key].hint, language, { status: this.status, ...this.values });
  }

  /**
   * Return the error as one JSON document.
   * @param {string | null} [language]
   */
  document(language) {
    /** @type {Record<string, any>} */
    const told = {
      error: this.key,
      kind: this.kind,
      status: this.status,
      retry_after: this.values.seconds,
      trace_id: this.traceId,
      message: this.said(language),
      hint: this.hint(language) || null,
      faults: this.faults.length ? this.faults.map((fault) => faultDocument(fault, language)) : null,
      values: Object.keys(this.values).length ? this.values : null,
    };
    return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null && value !== undefined));
  }
}

/**
 * @param {Fault} fault
 * @param {string | null} [language]
 */
function faultSaid(fault, language) {
  return sentence(tables.faults[fault.key], language, { input: fault.input, ...fault.values });
}

/**
 * @param {Fault} fault
 * @param {string | null} [language]
 */
function faultDocument(fault, language) {
  return { input: fault.input, fault: fault.key, message: faultSaid(fault, language) };
}

/**
 * Return the sentence of a warning.
 * @param {string} key
 * @param {string | null | undefined} language
 * @param {Record<string, unknown>} values
 */
function warningSaid(key, language, values) {
  return { warning: key, message: sentence(tables.warnings[key], language, values) };
}

/**
 * Return the error key of an HTTP status.
 * @param {number} status
 */
function keyOfStatus(status) {
  return tables.byStatus[status] || null;
}

/**
 * Return the error for an input that is found to be invalid after the input check.
 * @param {string} tool
 * @param {string} input
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
function badInput(tool, input, key, values = {}) {
  return new HexError('bad_inputs', { faults: [{ input, key, values }] }, { tool });
}

/**
 * Return the error for a reply that is not from Hex.
 * @param {string} host
 * @param {Phrase} reason
 */
function notHex(host, reason) {
  return new HexError('not_hex', {}, { host, reason });
}

module.exports = { HexError, badInput, keyOfStatus, notHex, useTables, warningSaid };
