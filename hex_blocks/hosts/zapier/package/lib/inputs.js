'use strict';
/** Converts the fields of a Zap to the inputs of a tool. */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Return the inputs of a tool. Blank and null mean not given; the core leaves them out. */
function inputsOf(plan, given) {
  const inputs = {};
  for (const { key } of plan.fields) {
    const value = (given || {})[key];
    if (value === undefined || value === null || isEmpty(value)) continue;
    inputs[key] = plan.dictionaries.includes(key) ? dictionary(value) : value;
  }
  return inputs;
}

/** Return whether a list or a dictionary is empty, which is how Zapier sends one that is not filled in. */
function isEmpty(value) {
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function dictionary(value) {
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, valueOf(each)]));
}

/** Return the value of text in a dictionary: a JSON number, boolean or list; otherwise the text. */
function valueOf(value) {
  if (typeof value !== 'string') return value;
  const plain = value.trim();
  if (plain === 'true' || plain === 'false') return plain === 'true';
  if (NUMBER.test(plain)) return numberOr(value, Number(plain));
  return plain.startsWith('[') ? listOr(value, plain) : value;
}

/** Return a number, or its text if it cannot be represented exactly. */
function numberOr(value, number) {
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : value;
}

function listOr(value, plain) {
  try {
    return JSON.parse(plain);
  } catch {
    return value;
  }
}

module.exports = { inputsOf };
