'use strict';
/** Reads the inputs of a project, and checks the parameters of a run against them. */

const { HexError, notHex } = require('./errors');
const { printablePath, shown } = require('./faults');
const { closeMatches } = require('./matching');
const { KNOWN_VERSION, ProjectFileFault, readProjectFile, valueLabel } = require('./project_file');
const { casefold, cut, phrase } = require('./text');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./project_file').ProjectFile} ProjectFile
 * @typedef {import('./project_file').ProjectInput} ProjectInput
 * @typedef {import('./errors').Fault} Fault
 */

const MAX_FAULTS = 20;
const MAX_NAMED = 20;
const MAX_NAME_LENGTH = 60;
const MIN_SIMILARITY = 0.6;

/**
 * Return the inputs of a version of a project, and other facts about running it.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function getProjectInputs(call, { projectId, version = 'latest', versionNumber }) {
  const asked = versionNumber === undefined ? { projectId, version } : { projectId, versionNumber };
  const file = await projectFile(call, asked);
  if (file.version > KNOWN_VERSION) call.warn('project_file_newer', { version: file.version });
  if (!file.complete) call.warn('inputs_of_components');
  return file;
}

/**
 * Export a project and read it.
 * @param {ToolCall} call
 * @param {Record<string, any>} asked
 */
async function projectFile(call, asked) {
  const { content } = (await exported(call, asked)) || {};
  if (typeof content !== 'string') throw call.replyLacks('content');
  try {
    return readProjectFile(content);
  } catch (error) {
    if (!(error instanceof ProjectFileFault)) throw error;
    const reason = phrase('its file of the project cannot be read: {fault}', { fault: error.message });
    throw notHex(call.api.host, reason);
  }
}

/** @param {ToolCall} call @param {Record<string, any>} asked */
async function exported(call, asked) {
  try {
    return await call.request(asked, 'hex_export_project');
  } catch (error) {
    if (!(error instanceof HexError) || error.key !== 'not_enabled') throw error;
    const { status, traceId, values } = error;
    throw new HexError('export_refused', { status, traceId }, { reason: values.reason });
  }
}

/**
 * Check parameters against the inputs of the published project. If the inputs cannot be read, there is a warning and
 * the run starts, because Hex checks the parameters too.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Record<string, any>} parameters
 */
async function checkParameters(call, projectId, parameters) {
  let file;
  try {
    file = await projectFile(call, { projectId, version: 'latest' });
  } catch (error) {
    if (!(error instanceof HexError)) throw error;
    call.warn('inputs_unchecked', { reason: error.said(call.language) });
    return;
  }
  const inputs = new Map(file.inputs.map((each) => [each.name, each]));
  const faults = faultsOf('inputParams', parameters, inputs, file);
  if (faults.length) {
    throw new HexError('bad_inputs', { faults: faults.slice(0, MAX_FAULTS) }, { tool: call.spec.id });
  }
  const unseen = Object.keys(parameters).filter((name) => inputs.get(name)?.onApp === false);
  if (unseen.length) call.warn('inputs_not_on_app', { names: unseen.join(', ') });
}

/**
 * Return the faults of parameters.
 * @param {string} place
 * @param {Record<string, any>} given
 * @param {Map<string, ProjectInput>} inputs
 * @param {ProjectFile} file
 */
function faultsOf(place, given, inputs, file) {
  /** @type {Fault[]} */
  const faults = [];
  const settable = [...inputs.values()].filter((each) => each.settable).map((each) => each.name);
  for (const [name, value] of Object.entries(given)) {
    const input = printablePath(`${place}.${name}`);
    const wanted = inputs.get(name);
    if (!wanted) {
      // An imported component may have inputs that are not in the file.
      if (file.complete) faults.push(unknown(input, name, settable));
    } else if (!wanted.settable) faults.push({ input, key: 'not_settable', values: { kind: wanted.kind } });
    else {
      const misfit = value === null ? null : faultOfValue(wanted, value);
      if (misfit) faults.push({ input, ...misfit });
    }
  }
  return faults;
}

/**
 * @param {string} input
 * @param {string} name
 * @param {string[]} known
 * @returns {Fault}
 */
function unknown(input, name, known) {
  const folded = new Map(known.map((each) => [casefold(each), each]));
  const wanted = casefold(cut(name, MAX_NAME_LENGTH));
  const [nearest] = closeMatches(wanted, [...folded.keys()], 1, MIN_SIMILARITY);
  if (nearest !== undefined) return { input, key: 'no_such_parameter_near', values: { near: folded.get(nearest) } };
  return { input, key: 'no_such_parameter', values: { known: known.slice(0, MAX_NAMED).join(', ') || '-' } };
}

/**
 * The fault key and the check for each type of parameter.
 * @type {Record<string, [string, (value: any) => boolean]>}
 */
const TYPES = {
  string: ['not_string', (value) => typeof value === 'string'],
  number: ['not_number', (value) => typeof value === 'number'],
  boolean: ['not_boolean', (value) => typeof value === 'boolean'],
  array: ['not_array', Array.isArray],
};

/**
 * Return the fault of a value, if the file makes it certain.
 * @param {ProjectInput} wanted
 * @param {any} value
 */
function faultOfValue(wanted, value) {
  const { type, choices, minimum, maximum } = wanted;
  if (Object.hasOwn(TYPES, type)) {
    const [key, fits] = TYPES[type];
    if (!fits(value)) return { key, values: { found: shown(value) } };
  }
  if (choices) {
    const allowed = choices.map((each) => each.value);
    const wrong = (type === 'array' ? value : [value]).filter((/** @type {any} */ each) => !allowed.includes(each));
    if (wrong.length) {
      const known = allowed.slice(0, MAX_NAMED).map(valueLabel).join(', ');
      return { key: 'not_allowed', values: { found: shown(wrong[0]), allowed: known } };
    }
  }
  if (minimum !== null && value < minimum) return { key: 'too_small', values: { found: shown(value), limit: minimum } };
  if (maximum !== null && value > maximum) return { key: 'too_large', values: { found: shown(value), limit: maximum } };
  return null;
}

module.exports = { checkParameters, getProjectInputs };
