'use strict';
/**
 * Checks inputs against a spec and converts them to the declared types. All faults are found, each with its place.
 * Null, absent and blank text mean not given.
 */

const { isDateTime } = require('./dates');
const { HexError } = require('./errors');
const {
  HIDDEN,
  MAX_EMAIL_LENGTH,
  MAX_INTEGER,
  MAX_NUMBER_LENGTH,
  MAX_SEARCHED,
  Refusal,
  isBlank,
  isObject,
  jsonType,
  printablePath,
  refuse,
} = require('./faults');
const { idIn, idKind, isAddress, isUuid } = require('./ids');
const { closeMatches } = require('./matching');
const { plural } = require('./plurals');
const { BLANK, casefold, cut, lengthOf, phrase, strip, stripOf } = require('./text');
const values = require('./values');

/**
 * @typedef {import('./spec').InputField} InputField
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {import('./errors').Fault} Fault
 * @typedef {(string | number)[]} Place
 * @typedef {{ place: Place, fault: import('./faults').ValueFault }} Found
 */

const EMAIL = new RegExp(`^[^@${BLANK}]+@[^@${BLANK}]+\\.[^@${BLANK}]+$`, 'u');
const URI = new RegExp(`^https?://[^${BLANK}]+$`, 'u');
// Text inputs without a format that cannot have words such as "none" as value: IDs and cursors, by the end of the name.
const NEVER_WORDS = /(Id|(?<![\p{L}\p{N}_])id|cursor|after|before)(\[\])?$/u;
const NOTHING = new Set([
  'null', 'none', 'nil', 'undefined', 'n/a', '<null>', '<none>', '(null)', '(none)',
]);
// Words that mean not given for a list of texts too, which may have an entry "None".
const NOT_A_LIST = new Set(['null', 'undefined']);
const MAX_ENTRIES = 10_000;
const MAX_FAULTS = 100;

/**
 * Check a tool's inputs.
 * @param {ToolSpec} spec
 * @param {unknown} inputs
 * @returns {Record<string, any>} the converted inputs, without those that are not given
 */
function checkInputs(spec, inputs) {
  if (!isObject(inputs)) {
    const fault = { input: 'inputs', key: 'not_an_inputs_object', values: { found: jsonType(inputs) } };
    throw new HexError('bad_inputs', { faults: [fault] }, { tool: spec.id });
  }
  /** @type {Found[]} */
  const found = [];
  const given = checkFields(spec.id, spec.inputs, inputs, [], found);
  const faults = found.map((each) => faultOf(spec, each));
  faults.push(...broken(spec, inputs, found.length ? {} : given));
  if (faults.length > MAX_FAULTS) {
    const count = faults.length - MAX_FAULTS;
    faults.splice(MAX_FAULTS, count, { input: 'inputs', key: 'more', values: { count } });
  }
  if (faults.length) throw new HexError('bad_inputs', { faults }, { tool: spec.id });
  return withoutNulls(spec.inputs, given);
}

/**
 * Return the faults against the spec's constraints on combinations of inputs.
 * @param {ToolSpec} spec
 * @param {Record<string, unknown>} inputs
 * @param {Record<string, unknown>} given
 */
function broken(spec, inputs, given) {
  /** @type {Fault[]} */
  const faults = [];
  // An unticked checkbox counts as not given.
  const names = new Set(
    Object.keys(inputs).filter((name) => {
      const field = Object.hasOwn(spec.inputs, name) ? spec.inputs[name] : null;
      if (field ? isNotGiven(name, field, inputs[name]) : isBlank(inputs[name])) return false;
      return (Object.hasOwn(given, name) ? given[name] : inputs[name]) !== false;
    }),
  );
  const { atMostOne = [], atLeastOne = [], allOrNone = [] } = spec.constraints || {};
  for (const group of atMostOne) {
    const both = group.filter((name) => names.has(name));
    if (both.length > 1) faults.push({ input: both.join(', '), key: 'not_together' });
  }
  for (const group of atLeastOne) {
    if (!group.some((name) => names.has(name))) faults.push({ input: group.join(', '), key: 'one_of' });
  }
  for (const group of allOrNone) {
    const there = group.filter((name) => names.has(name)).length;
    if (there > 0 && there < group.length) faults.push({ input: group.join(', '), key: 'only_together' });
  }
  return faults;
}

/**
 * @param {ToolSpec} spec
 * @param {Found} found
 * @returns {Fault}
 */
function faultOf(spec, { place, fault }) {
  const name = place
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    .join('')
    .replace(/^\.+/, '');
  const input = printablePath((name || 'inputs') + fault.below);
  if (fault.key === 'missing') return { input, key: 'missing' };
  if (fault.key === 'unknown') {
    const guess = place.length === 1 ? closeMatches(cut(String(place[0]), 60), Object.keys(spec.inputs), 1) : [];
    return guess.length ? { input, key: 'unknown_guess', values: { guess: guess[0] } } : { input, key: 'unknown' };
  }
  const field = spec.inputs[String(place[0])];
  const hidden = field && holdsSecret(field);
  return { input, key: fault.key, values: hidden ? { ...fault.values, found: HIDDEN } : fault.values };
}

/** @param {InputField} field @returns {boolean} */
function holdsSecret(field) {
  const parts = [...Object.values(field.fields || {}), ...(field.items ? [field.items] : [])];
  return Boolean(field.secret) || parts.some(holdsSecret);
}

/**
 * Check the fields of an object. Absent fields stay absent.
 * @param {string} name
 * @param {Record<string, InputField>} fields
 * @param {Record<string, unknown>} given
 * @param {Place} place
 * @param {Found[]} found
 */
function checkFields(name, fields, given, place, found) {
  /** @type {Record<string, any>} */
  const checked = {};
  for (const [key, field] of Object.entries(fields)) {
    const here = [...place, key];
    const value = Object.hasOwn(given, key) ? given[key] : undefined;
    if (field.required && field.in !== 'connection') {
      const isNull = field.nullMeans === 'null' && value === null;
      if (isNull) checked[key] = null;
      else if (value === undefined || saysNothing(field, value)) {
        found.push({ place: here, fault: { key: 'missing', values: {}, below: '' } });
      } else checked[key] = checkValue(`${name}.${key}`, field, value, here, found);
    } else if (value !== undefined) {
      checked[key] = isNotGiven(key, field, value) ? null : checkValue(`${name}.${key}`, field, value, here, found);
    }
  }
  for (const key of Object.keys(given)) {
    if (Object.hasOwn(fields, key) || given[key] === undefined) continue;
    found.push({ place: [...place, key], fault: { key: 'unknown', values: {}, below: '' } });
  }
  return checked;
}

/**
 * Return an object without its null values, except for fields in which null has a meaning.
 * @param {Record<string, InputField>} fields
 * @param {Record<string, any>} checked
 */
function withoutNulls(fields, checked) {
  return Object.fromEntries(
    Object.entries(checked).filter(([name, value]) => value !== null || fields[name].nullMeans === 'null'),
  );
}

/**
 * Check one value and return it converted. Its faults are added to `found`.
 * @param {string} name
 * @param {InputField} field
 * @param {unknown} value
 * @param {Place} place
 * @param {Found[]} found
 * @returns {any}
 */
function checkValue(name, field, value, place, found) {
  try {
    if (field.type === 'array') return checkArray(name, field, value, place, found);
    if (field.type === 'object' && field.fields) return checkObject(name, field.fields, value, place, found);
    return checkScalar(name, field, value);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    found.push({ place, fault: error.fault });
    return undefined;
  }
}

/** @param {string} name @param {InputField} field @param {unknown} value */
function checkScalar(name, field, value) {
  switch (field.type) {
    case 'string':
      return checkString(name, field, value);
    case 'integer':
      // A larger integer would be rounded.
      return bounded({ minimum: -MAX_INTEGER, maximum: MAX_INTEGER, ...field }, values.asInteger(value), value);
    case 'number':
      return bounded(field, values.asNumber(value), value);
    case 'boolean':
      return values.asBoolean(value);
    case 'object':
      return values.asObject(value);
    default:
      return values.asPlain(value);
  }
}

/**
 * @param {string} name
 * @param {Record<string, InputField>} fields
 * @param {unknown} value
 * @param {Place} place
 * @param {Found[]} found
 */
function checkObject(name, fields, value, place, found) {
  const read = values.fromJson(value, isObject);
  if (!isObject(read)) throw refuse('not_object', read);
  return withoutNulls(fields, checkFields(name, fields, read, place, found));
}

/** @param {{ minimum?: number, maximum?: number }} field @param {number} value @param {unknown} given */
function bounded(field, value, given) {
  if (field.maximum !== undefined && value > field.maximum)
    throw refuse('too_large', given, { limit: field.maximum });
  if (field.minimum !== undefined && value < field.minimum)
    throw refuse('too_small', given, { limit: field.minimum });
  return value;
}

/** @type {Record<string, [string, (value: string) => boolean]>} */
const FORMATS = {
  uuid: ['not_uuid', isUuid],
  email: ['not_email', (value) => lengthOf(value) <= MAX_EMAIL_LENGTH && EMAIL.test(value)],
  'date-time': ['not_date_time', isDateTime],
  uri: ['not_uri', (value) => URI.test(value)],
};

/** @param {string} name @param {InputField} field @param {unknown} given */
function checkString(name, field, given) {
  if (field.format === 'json-object' && isObject(given)) return JSON.stringify(values.asObject(given));
  const text = values.asText(given);
  if (typeof text !== 'string') throw refuse('not_string', text);
  values.checkCharacters(text);
  let value = asId(name, field, trimmed(field, text));
  const format = Object.hasOwn(FORMATS, field.format || '') ? FORMATS[/** @type {string} */ (field.format)] : null;
  if (format && !format[1](value)) throw refuse(format[0], value);
  if (field.enum) {
    const allowed = field.enum.filter((each) => casefold(each) === casefold(value)).at(-1);
    if (allowed === undefined) throw refuse('not_allowed', value, { allowed: field.enum.join(', ') });
    value = allowed;
  }
  measure(field, lengthOf(value), value);
  if (field.format !== 'json-object') return value;
  const held = values.asObject(value);
  return isObject(values.readJson(value)) ? value : JSON.stringify(held);
}

/** @param {InputField} field @param {string} value */
function trimmed(field, value) {
  if (!field.format && !field.secret && !field.enum) return value;
  return field.secret ? strip(value) : values.unquoted(strip(value));
}

/** @param {string} name @param {InputField} field @param {string} value */
function asId(name, field, value) {
  if (field.format === 'uuid') return isUuid(value) ? value : idIn(idKind(name), value);
  const kind = idKind(name);
  return kind && !field.format && isAddress(strip(cut(value, MAX_SEARCHED))) ? idIn(kind, strip(value)) : value;
}

/** @param {unknown} value @param {number} count */
function sized(value, count) {
  const unit = Array.isArray(value) ? plural('{count} entry', '{count} entries') : plural('{count} character', '{count} characters');
  return phrase(unit, { count });
}

/** @param {InputField} field @param {number} length @param {unknown} value */
function measure(field, length, value) {
  const { minLength, maxLength } = field;
  if (minLength !== undefined && length < minLength) throw refuse('too_short', value, { size: sized(value, minLength) });
  if (maxLength !== undefined && length > maxLength) throw refuse('too_long', value, { size: sized(value, maxLength) });
}

/**
 * @param {string} name
 * @param {InputField} field
 * @param {unknown} value
 * @param {Place} place
 * @param {Found[]} found
 */
function checkArray(name, field, value, place, found) {
  const entry = field.items;
  const before = found.length;
  const rows = rowsOf(entry, value).map((row, number) => {
    if (isEmptyRow(entry, row)) return null;
    return entry ? checkValue(`${name}[]`, entry, row, [...place, number], found) : row;
  });
  if (found.length > before) return undefined;
  const nulls = !entry || entry.type === 'any' || entry.nullMeans === 'null';
  const kept = nulls ? rows : rows.filter((row) => row !== null);
  measure(field, kept.length, kept);
  return kept;
}

/**
 * Return the entries of a list that is given as a list, as JSON text, or separated by commas.
 * @param {InputField | undefined} entry
 * @param {unknown} given
 * @returns {any[]}
 */
function rowsOf(entry, given) {
  let value = given;
  if (typeof value === 'string') value = values.unwrappedList(value) ?? value;
  if (typeof value === 'string' && !strip(value).startsWith('[')) {
    // Only entries that cannot contain a comma themselves may be separated by commas.
    const separable = entry && entry.type === 'string' && (entry.enum || entry.format);
    return short(separable ? value.split(',').map(strip).filter(Boolean) : [value]);
  }
  const read = values.fromJson(value);
  values.checkDepth(read);
  if (!Array.isArray(read)) throw refuse('not_array', read);
  return short(read);
}

/** @param {any[]} entries */
function short(entries) {
  if (entries.length > MAX_ENTRIES) throw refuse('too_long', entries, { size: sized(entries, MAX_ENTRIES) });
  return entries;
}

/**
 * Return whether a row of a list is empty: blank, or an object whose declared fields are all blank.
 * @param {InputField | undefined} entry
 * @param {unknown} row
 * @returns {boolean}
 */
function isEmptyRow(entry, row) {
  if (!entry || entry.type === 'any') return false;
  const { fields } = entry;
  if (entry.type === 'object' && fields && isObject(row) && Object.keys(row).length) {
    return Object.entries(row).every(
      ([name, part]) => Object.hasOwn(fields, name) && saysNothing(fields[name], part),
    );
  }
  return saysNothing(entry, row);
}

/**
 * Return whether a value is blank, or a list with only empty rows.
 * @param {InputField} field
 * @param {unknown} value
 * @returns {boolean}
 */
function saysNothing(field, value) {
  if (field.type === 'array' && Array.isArray(value) && value.length) {
    return value.every((row) => isEmptyRow(field.items, row));
  }
  return isBlank(value) && !(value === null && field.nullMeans === 'null');
}

/**
 * Return whether an input counts as not given.
 * @param {string} name
 * @param {InputField} field
 * @param {unknown} value
 */
function isNotGiven(name, field, value) {
  if (typeof value === 'string' && lengthOf(value) <= MAX_NUMBER_LENGTH && takesWords(name, field)) {
    const word = casefold(stripOf(strip(value), '"\''));
    const nothing = isListOfTexts(field) ? NOT_A_LIST : NOTHING;
    if (nothing.has(word) && !(field.enum || []).some((each) => casefold(each) === word)) return true;
  }
  return saysNothing(field, value);
}

/** @param {InputField} field */
function isListOfTexts({ type, items }) {
  return type === 'array' && !(items && (items.type !== 'string' || items.format || items.enum));
}

/**
 * Return whether a word such as "none" means not given, because it cannot be a value of the input.
 * @param {string} name
 * @param {InputField} field
 */
function takesWords(name, field) {
  const plain = field.type === 'string' && !(field.format || field.enum || NEVER_WORDS.test(name));
  return !(field.required || field.secret || plain || field.type === 'any' || field.format === 'path');
}

module.exports = { checkInputs };
