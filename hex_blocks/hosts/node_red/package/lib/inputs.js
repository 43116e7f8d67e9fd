'use strict';
/** Evaluates the fields of a node for a message; each field has a value and a type of Node-RED. */

// Types of which a blank value means not given.
const BLANK_MEANS_NOTHING = new Set(['str', 'num', 'bool', 'json', 'msg', 'flow', 'global', 'env', 'jsonata']);

// Inputs whose names are properties of every node in Node-RED; see FIELD_NAMES in nodes.py.
const FIELDS = { type: 'typeInput', status: 'statusInput' };
const OF_THE_NODE = 'type';

/** Return the name of an input's field: its own name, unless the other name is used or required. */
function fieldOf(config, name) {
  const other = Object.hasOwn(FIELDS, name) ? FIELDS[name] : name;
  return name === OF_THE_NODE || Object.hasOwn(config, other) ? other : name;
}

/** Return the value of one field for a message. */
function evaluate(RED, node, msg, value, type) {
  return new Promise((resolve, reject) => {
    RED.util.evaluateNodeProperty(value, type, node, msg, (error, result) => {
      if (error) reject(error);
      else resolve(result);
    });
  });
}

/** Return the inputs of a tool for a message. Blank, null and missing mean not given. */
async function inputsFor(RED, node, config, names, msg) {
  const inputs = {};
  for (const name of names) {
    const field = fieldOf(config, name);
    const type = config[`${field}Type`] || 'str';
    const value = config[field];
    const isBlank = value === undefined || value === null || String(value).trim() === '';
    if (isBlank && BLANK_MEANS_NOTHING.has(type)) continue;
    const found = await evaluate(RED, node, msg, value, type);
    if (found !== undefined && found !== null) inputs[name] = found;
  }
  return inputs;
}

module.exports = { inputsFor };
