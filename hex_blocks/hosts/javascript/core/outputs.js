'use strict';
/** Selects the declared outputs of a tool from Hex's reply and the inputs. */

const { isObject } = require('./faults');

/**
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {import('./spec').OutputField} OutputField
 */

const DECIMALS = 6;

/**
 * Return the declared outputs in declared order. Missing ones are null; other fields of the reply are left out.
 * @param {ToolSpec} spec
 * @param {unknown} reply
 * @param {Record<string, any>} inputs
 * @returns {Record<string, any>}
 */
function selectOutputs(spec, reply, inputs) {
  const source = isObject(reply) ? reply : {};
  /** @type {Record<string, any>} */
  const kept = {};
  const names = Object.keys(spec.outputs);
  for (const name of names) kept[name] = outputOf(name, spec.outputs[name], source, inputs);
  for (const name of names) {
    const { countOf } = spec.outputs[name];
    if (countOf) kept[name] = (kept[countOf] || []).length;
  }
  return kept;
}

/**
 * @param {string} name
 * @param {OutputField} output
 * @param {Record<string, any>} source
 * @param {Record<string, any>} inputs
 */
function outputOf(name, output, source, inputs) {
  if (output.constant !== undefined) return output.constant;
  if (output.fromInput) return Object.hasOwn(inputs, output.fromInput) ? inputs[output.fromInput] : null;
  return output.countOf ? null : read(name, output, source);
}

/** @param {string} name @param {OutputField} field @param {any} source @returns {any} */
function read(name, field, source) {
  return shape(field, field.from === '$' ? source : at(source, field.from || name));
}

/**
 * Return the value at a dotted path of a reply; null if there is none.
 * @param {any} reply
 * @param {string} path
 * @returns {any}
 */
function at(reply, path) {
  if (!path.includes('.')) return partOf(reply, path);
  let value = reply;
  for (const step of path.split('.')) value = partOf(value, step);
  return value;
}

/** @param {any} value @param {string} name */
function partOf(value, name) {
  return isObject(value) && Object.hasOwn(value, name) ? (value[name] ?? null) : null;
}

/** @param {OutputField} field @param {any} value @returns {any} */
function shape(field, value) {
  if (field.scale !== undefined) return typeof value === 'number' ? rounded(value * field.scale) : null;
  if (field.fields) {
    if (!isObject(value)) return null;
    /** @type {Record<string, any>} */
    const kept = {};
    for (const name of Object.keys(field.fields)) kept[name] = read(name, field.fields[name], value);
    return kept;
  }
  const { items } = field;
  if (items && (items.fields || items.items)) {
    return Array.isArray(value) ? value.map((part) => shape(items, part)) : null;
  }
  return value;
}

/**
 * Round to six decimals, half to even.
 * @param {number} value
 */
function rounded(value) {
  if (Number.isInteger(value)) return value;
  if (Math.abs(value) >= 1e15) return value;
  const exact = Math.abs(value).toFixed(60);
  const [whole, decimals] = exact.split('.');
  const kept = BigInt(whole + decimals.slice(0, DECIMALS));
  const rest = decimals.slice(DECIMALS);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && kept % 2n === 1n);
  const digits = String(kept + (up ? 1n : 0n)).padStart(DECIMALS + 1, '0');
  return Math.sign(value) * Number(`${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`);
}

module.exports = { at, selectOutputs };
