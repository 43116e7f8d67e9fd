'use strict';
/** Converts the form of a step to the inputs of a tool. */

const { valuesByName } = require('../core/rows');

/** @typedef {Record<string, unknown>} Values */

// A flow ends after ten minutes, so a wait must end before.
const LONGEST_WAIT = 540;
const USUAL_WAIT = 240;
const WAITING = ['hex_run_and_wait', 'hex_wait_for_run', 'hex_ask'];

/**
 * Return the inputs of a tool. Blank, null and missing mean not given.
 * @param {import('../core/spec').ToolSpec} spec
 * @param {Values} given
 */
function inputsOf(spec, given) {
  const names = Object.keys(spec.inputs).filter((name) => spec.inputs[name].in !== 'connection');
  /** @type {Values} */
  const inputs = Object.fromEntries(names.map((name) => [name, filled(given[name])]));
  if (Array.isArray(inputs.inputParams)) inputs.inputParams = valuesByName(inputs.inputParams);
  if (WAITING.includes(spec.id)) inputs.timeout = waitOf(inputs.timeout);
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined && value !== null));
}

/**
 * Return a list without blank lines; undefined if none is left.
 * @param {unknown} value
 */
function filled(value) {
  if (!Array.isArray(value)) return value;
  const left = value.filter((each) => each !== null && each !== undefined && String(each).trim() !== '');
  return left.length ? left : undefined;
}

/**
 * Return how long a wait may take, in seconds. The tool refuses a value that is not a number.
 * @param {unknown} given
 */
function waitOf(given) {
  if (given === undefined || given === null || String(given).trim() === '') return USUAL_WAIT;
  return Number(given) > LONGEST_WAIT ? LONGEST_WAIT : given;
}

module.exports = { inputsOf };
