'use strict';
/** A Zap's fields as a tool's inputs. */

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?$/;

/** Return the inputs of a tool; what is blank or null was not given, and the core leaves it out. */
function inputsOf(plan, given) {
  const inputs = {};
  for (const { key } of plan.fields) {
    const value = (given || {})[key];
    if (value === undefined || value === null || isEmpty(value)) continue;
    inputs[key] = plan.dictionaries.includes(key) ? dictionary(value) : value;
  }
  return inputs;
}

/** Whether a list or a dictionary holds nothing, which is how Zapier sends one that nobody filled in. */
function isEmpty(value) {
  return typeof value === 'object' && Object.keys(value).length === 0;
}

function dictionary(value) {
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, valueOf(each)]));
}

/** Return what a text of a dictionary stands for: a JSON number, true, false or a JSON list; all else is text. */
function valueOf(value) {
  if (typeof value !== 'string') return value;
  const plain = value.trim();
  if (plain === 'true' || plain === 'false') return plain === 'true';
  if (NUMBER.test(plain)) return numberOr(value, Number(plain));
  return plain.startsWith('[') ? listOr(value, plain) : value;
}

/** Return a number, or the text where the number cannot be held exactly. */
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
