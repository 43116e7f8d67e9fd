'use strict';
/** What the fields of a node hold for a message: each has a value and a type of Node-RED's. */

// A field of one of these types that is blank was not filled in; an empty moment is a type's own.
const BLANK_MEANS_NOTHING = new Set(['str', 'num', 'bool', 'json', 'msg', 'flow', 'global', 'env', 'jsonata']);

// Node-RED uses these names for something else of a node; see FIELD_NAMES in the exporter.
const FIELDS = { type: 'typeInput', status: 'statusInput' };
const OF_THE_NODE = 'type';

/** Return the field of an input: its name, unless its other name is there or has to be. */
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

/** Return the inputs of a tool for a message; what is blank, null or missing was not given. */
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
