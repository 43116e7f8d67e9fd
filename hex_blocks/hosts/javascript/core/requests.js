'use strict';
/** Builds the request of a tool from checked inputs: path, query and body, in the same form as in Python. */

const { HexError } = require('./errors');
const { put } = require('./json_text');
const { cut, numberInWords, quoted, stripOf } = require('./text');

/**
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {import('./spec').InputField} InputField
 * @typedef {{ path: string, query: Record<string, any>, body: Record<string, any> | null }} RequestParts
 */

const NOT_SENT = Symbol('nothing');
// Characters that encodeURIComponent does not escape, but Python does.
const NOT_QUOTED = /[!'()*]/g;

/**
 * The inputs of a tool by their place in the request; those of the path with their placeholders.
 * @typedef {{ path: [string, string][], query: [string, InputField][], body: [string, InputField][] }} Layout
 */

/** @type {WeakMap<ToolSpec, Layout>} */
const layouts = new WeakMap();

/** @param {ToolSpec} spec @returns {Layout} */
function layoutOf(spec) {
  const fields = Object.entries(spec.inputs);
  const goingTo = (/** @type {string} */ place) => fields.filter(([, field]) => field.in === place);
  const path = goingTo('path').map(([name, field]) => /** @type {[string, string]} */ ([name, `{${field.wire || name}}`]));
  return { path, query: goingTo('query'), body: goingTo('body') };
}

/**
 * Return the parts of a tool's request.
 * @param {ToolSpec} spec
 * @param {Record<string, any>} inputs
 * @returns {RequestParts}
 */
function buildRequest(spec, inputs) {
  if (!spec.request) throw new Error(`${spec.id} has no request`);
  const layout = layouts.get(spec) || layoutOf(spec);
  layouts.set(spec, layout);
  let { path } = spec.request;
  for (const [name, place] of layout.path) path = path.replaceAll(place, () => segment(spec, name, inputs[name]));
  /** @type {Record<string, any>} */
  const query = {};
  for (const [name, field] of layout.query) {
    if (Object.hasOwn(inputs, name)) query[field.wire || name] = queryValue(field, inputs[name]);
  }
  return { path, query, body: bodyOf(layout.body, inputs) };
}

/**
 * @param {[string, InputField][]} inBody
 * @param {Record<string, any>} inputs
 */
function bodyOf(inBody, inputs) {
  if (!inBody.length) return null;
  /** @type {Record<string, any>} */
  const body = {};
  const spread = [];
  for (const [name, field] of inBody) {
    const value = Object.hasOwn(inputs, name) ? bodyValue(field, inputs[name]) : NOT_SENT;
    if (value === NOT_SENT) continue;
    const steps = (field.wire || name).split('.');
    if (Array.isArray(value) || !(field.wire || '').includes('[]')) place(body, steps, value);
    else spread.push({ steps, value });
  }
  // A single value that is repeated in every entry is placed last, when all entries exist.
  for (const { steps, value } of spread) place(body, steps, value);
  return body;
}

/** @param {ToolSpec} spec @param {string} name @param {unknown} value */
function segment(spec, name, value) {
  // IDs may come from replies. Dots cannot be escaped and would change the path.
  if (typeof value !== 'string' || !stripOf(value, '.')) {
    const found = cut(typeof value === 'string' ? quoted(value) : String(value), 40);
    throw new HexError(
      'bad_inputs',
      { faults: [{ input: name, key: 'not_uuid', values: { found } }] },
      { tool: spec.id },
    );
  }
  return quote(value);
}

/** @param {string} value */
function quote(value) {
  return encodeURIComponent(value).replace(NOT_QUOTED, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** @param {InputField} field @param {any} value */
function bodyValue(field, value) {
  if (field.trueSends) return value ? (field.trueSends === 'null' ? null : '') : NOT_SENT;
  return field.format === 'json-object' ? JSON.parse(value) : value;
}

/** @param {InputField} field @param {any} value */
function queryValue(field, value) {
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (Array.isArray(value) && field.style === 'comma') return value.map(inQuery).join(',');
  return value;
}

/**
 * @param {any} target
 * @param {string[]} steps
 * @param {any} value
 */
function place(target, [step, ...rest], value) {
  if (step.endsWith('[]')) {
    const name = step.slice(0, -2);
    if (!target[name]) target[name] = [];
    const entries = target[name];
    if (Array.isArray(value)) while (entries.length < value.length) entries.push({});
    for (let number = 0; number < entries.length; number += 1) {
      if (!Array.isArray(value)) place(entries[number], rest, value);
      else if (number < value.length) place(entries[number], rest, value[number]);
    }
  } else if (rest.length) {
    if (!target[step]) target[step] = {};
    place(target[step], rest, value);
  } else {
    put(target, step, value);
  }
}

/** @param {unknown} value */
function inQuery(value) {
  if (typeof value === 'number') return numberInWords(value);
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : String(value);
}

/**
 * Return an encoded query, with lists as repeated keys.
 * @param {Record<string, any>} query
 */
function encodeQuery(query) {
  return Object.entries(query)
    .flatMap(([name, value]) => (Array.isArray(value) ? value : [value]).map((each) => [name, inQuery(each)]))
    .map((pair) => pair.map((part) => quote(part).replaceAll('%20', '+')).join('='))
    .join('&');
}

module.exports = { buildRequest, encodeQuery };
