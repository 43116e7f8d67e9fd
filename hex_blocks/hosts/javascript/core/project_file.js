'use strict';
/**
 * Reads a project from the YAML file that Hex exports. It is read leniently, because Hex may change the format. Nothing
 * else of the file is stored, because it contains values of environment variables and customers' code.
 */

const { isObject } = require('./faults');
const { numberInWords } = require('./text');
const { YamlFault, readYaml } = require('./yaml');

/**
 * @typedef {{ value: string | number | boolean, label: string }} Choice
 *
 * An input of a project, as hex_get_project_inputs returns it.
 * @typedef {object} ProjectInput
 * @property {string} name
 * @property {string} label
 * @property {string} kind
 * @property {string} type the JSON type of its value; `any` if it is unknown
 * @property {string | null} itemType the JSON type of the entries of an array
 * @property {string | null} format
 * @property {any} default
 * @property {string | null} defaultFrom
 * @property {boolean | null} mayBeEmpty
 * @property {Choice[] | null} choices
 * @property {string | null} choicesFrom the variable that the choices come from at run time
 * @property {number | null} minimum
 * @property {number | null} maximum
 * @property {number | null} step
 * @property {boolean | null} onApp whether it is on the app; null if unknown
 * @property {boolean} settable
 * @property {string | null} cellId
 *
 * @typedef {{ kind: string, label: string | null, cellId: string | null, onApp: boolean | null }} Chart
 *
 * @typedef {object} ProjectFile
 * @property {number} version
 * @property {string | null} title
 * @property {string | null} timezone
 * @property {ProjectInput[]} inputs
 * @property {Chart[]} charts
 * @property {boolean} complete false if imported components have inputs that are not in the file
 * @property {boolean} writesBack whether a run may write to a table of a data connection
 */

const KNOWN_VERSION = 3;
const MAX_CELLS = 20_000;
// Cells that contain other cells in `config.cells`.
const SECTIONS = ['COLLAPSIBLE', 'BLOCK'];
const CHARTS = ['CHART', 'CHARTV2', 'EXPLORE', 'MAP', 'METRIC'];
// Inputs that a run cannot set, because their values are not JSON.
const NOT_SETTABLE = ['BUTTON', 'FILE_UPLOAD', 'TABLE'];
/** @type {Record<string, string>} */
const TYPES = { STRING: 'string', NUMBER: 'number', LIST_STRING: 'string', LIST_NUMBER: 'number' };

/** Thrown if a text is not a project file. */
class ProjectFileFault extends Error {}

/**
 * Parse a project file.
 * @param {string} text
 * @returns {ProjectFile}
 */
function readProjectFile(text) {
  const document = mapping(yamlOf(text));
  const { meta, schemaVersion: version } = document;
  if (!isObject(meta) || !Number.isInteger(version)) {
    throw new ProjectFileFault('meta or schemaVersion is missing');
  }
  const reader = new Reader(shownOnApp(document));
  reader.read(document.cells, false);
  const { inputs, charts, complete, writesBack } = reader;
  return {
    version,
    title: textOf(meta.title),
    timezone: textOf(meta.timezone),
    inputs,
    charts,
    complete,
    writesBack,
  };
}

/** @param {string} text */
function yamlOf(text) {
  try {
    return readYaml(text);
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    throw new ProjectFileFault(error.isBound ? error.message : 'it is not YAML');
  }
}

/** Reads the cells, including those in sections. */
class Reader {
  /** @param {Set<string> | null} shown the IDs of the cells on the app; null if there is no app */
  constructor(shown) {
    this.shown = shown;
    /** @type {ProjectInput[]} */
    this.inputs = [];
    /** @type {Chart[]} */
    this.charts = [];
    this.complete = true;
    this.writesBack = false;
    this.cells = 0;
  }

  /** @param {any} cells @param {boolean} insideShown */
  read(cells, insideShown) {
    for (const cell of list(cells)) {
      this.cells += 1;
      if (this.cells > MAX_CELLS) throw new ProjectFileFault(`more than ${MAX_CELLS} cells`);
      if (isObject(cell)) this.readCell(cell, insideShown);
    }
  }

  /** @param {Record<string, any>} cell @param {boolean} insideShown */
  readCell(cell, insideShown) {
    const { cellType: kind } = cell;
    const config = mapping(cell.config);
    const cellId = textOf(cell.cellId);
    const onApp = this.isOnApp(cellId, insideShown);
    if (SECTIONS.includes(kind)) this.read(config.cells, Boolean(onApp));
    else if (kind === 'INPUT') {
      const found = inputOf(cell, config, onApp);
      if (found) this.inputs.push(found);
    } else if (CHARTS.includes(kind)) {
      this.charts.push({ kind, label: textOf(cell.cellLabel), cellId, onApp });
    } else if (kind === 'COMPONENT_IMPORT') this.complete = false;
    else if (kind === 'WRITEBACK' && (isSet(config.runInApp) || isSet(config.runOnScheduledRun))) {
      this.writesBack = true;
    }
  }

  /**
   * Return whether a cell is on the app: itself, or inside a section that is.
   * @param {string | null} cellId
   * @param {boolean} insideShown
   */
  isOnApp(cellId, insideShown) {
    if (!this.shown) return null;
    if (insideShown) return true;
    return cellId === null ? null : this.shown.has(cellId);
  }
}

/**
 * Return the IDs of the cells on the app, which is a grid or generated; null if there is no app.
 * @param {Record<string, any>} document
 */
function shownOnApp({ dataAppCellIds: generated, appLayout: layout }) {
  if (!Array.isArray(generated) && !isObject(layout)) return null;
  const placed = list(mapping(layout).tabs)
    .flatMap((tab) => list(mapping(tab).rows))
    .flatMap((row) => list(mapping(row).columns))
    .flatMap((column) => list(mapping(column).elements))
    .map((element) => mapping(element).cellId);
  return new Set([...list(generated), ...placed].filter((each) => typeof each === 'string'));
}

/**
 * Return the input of a cell; null if it has no name, because a run cannot set it.
 * @param {Record<string, any>} cell
 * @param {Record<string, any>} config
 * @param {boolean | null} onApp
 * @returns {ProjectInput | null}
 */
function inputOf(cell, config, onApp) {
  const name = textOf(config.name);
  if (!name) return null;
  const kind = textOf(config.inputType) || 'UNKNOWN';
  const options = mapping(config.options);
  const [type, itemType, format] = typeOf(kind, config.outputType, options);
  const given = config.defaultValue ?? null;
  const isDate = kind === 'DATE';
  const isSlider = kind === 'SLIDER';
  const settable = !NOT_SETTABLE.includes(kind);
  const isLabelled = kind === 'CHECKBOX' || kind === 'BUTTON';
  const step = isSlider ? options.step : kind === 'NUMERIC_INPUT' ? options.increment : null;
  return {
    name,
    label: textOf(cell.cellLabel) || (isLabelled ? textOf(options.text) : null) || name,
    kind,
    type,
    itemType,
    format,
    default: settable ? (isDate ? momentsOf(given, type) : given) : null,
    defaultFrom: isDate ? textOf(mapping(options.dynamicDefault).variableName) : null,
    mayBeEmpty: typeof options.optional === 'boolean' ? options.optional : null,
    ...choicesOf(kind, options),
    minimum: isSlider ? numberOf(options.min) : null,
    maximum: isSlider ? numberOf(options.max) : null,
    step: numberOf(step),
    onApp,
    settable,
    cellId: textOf(cell.cellId),
  };
}

/**
 * Return the JSON type of an input's value, the type of its entries, and its format.
 * @param {string} kind
 * @param {any} output
 * @param {Record<string, any>} options
 * @returns {[string, string | null, string | null]}
 */
function typeOf(kind, output, options) {
  const one = typeof output === 'string' && Object.hasOwn(TYPES, output) ? TYPES[output] : 'any';
  switch (kind) {
    case 'TEXT_INPUT':
      return ['string', null, null];
    case 'NUMERIC_INPUT':
    case 'SLIDER':
      return ['number', null, null];
    case 'CHECKBOX':
      return ['boolean', null, null];
    case 'DROPDOWN':
      return [one, null, null];
    case 'MULTISELECT':
      return ['array', one, null];
    case 'DATE': {
      const format = options.enableTime === true ? 'date-time' : 'date';
      return options.useDateRange === true ? ['array', 'string', format] : ['string', null, format];
    }
    default:
      return ['any', null, null];
  }
}

/**
 * Return the fixed choices of an input, or the variable that they come from at run time.
 * @param {string} kind
 * @param {Record<string, any>} options
 */
function choicesOf(kind, options) {
  const given =
    kind === 'DROPDOWN' ? options.valueOptions : kind === 'MULTISELECT' ? options.multiValueOptions : null;
  if (Array.isArray(given)) return { choices: given.flatMap(choiceOf), choicesFrom: null };
  const dynamic = mapping(given);
  const frame = textOf(dynamic.dfName);
  const column = textOf(dynamic.columnName);
  if (frame) return { choices: null, choicesFrom: column ? `${frame}.${column}` : frame };
  return { choices: null, choicesFrom: textOf(dynamic.variableName) };
}

/**
 * Return a choice in a list; an empty list if its value cannot be sent.
 * @param {any} listed
 * @returns {Choice[]}
 */
function choiceOf(listed) {
  const value = isObject(listed) ? (listed.value ?? null) : listed;
  if (value === null || typeof value === 'object') return [];
  const key = isObject(listed) ? listed.key : null;
  return [{ value, label: typeof key === 'string' ? key : valueLabel(value) }];
}

/**
 * Return the label for the value of a choice.
 * @param {string | number | boolean} value
 */
function valueLabel(value) {
  return typeof value === 'number' ? numberInWords(value) : String(value);
}

/**
 * Return the default of a date or of a date range. A single date may be in a list.
 * @param {any} given
 * @param {string} type
 */
function momentsOf(given, type) {
  if (!Array.isArray(given)) return momentOf(given);
  const moments = given.map(momentOf);
  return type === 'array' ? moments : (moments[0] ?? null);
}

/**
 * Return a date as text; a date relative to the day of the run is returned as in the file.
 * @param {any} given
 */
function momentOf(given) {
  const moment = mapping(given);
  for (const name of ['dateString', 'isoDateString']) if (typeof moment[name] === 'string') return moment[name];
  const relative = Object.fromEntries(
    ['unit', 'amount', 'operation', 'timezone']
      .filter((name) => Object.hasOwn(moment, name))
      .map((name) => [name, moment[name]]),
  );
  return Object.keys(relative).length ? relative : null;
}

/** @param {any} value */
function textOf(value) {
  return typeof value === 'string' && value ? value : null;
}

/** @param {any} value */
function numberOf(value) {
  return typeof value === 'number' ? value : null;
}

/**
 * Return whether a value is truthy by Python's rules: not false, null, zero or empty.
 * @param {any} value
 */
function isSet(value) {
  return typeof value === 'object' && value !== null ? Object.keys(value).length > 0 : Boolean(value);
}

/** @param {any} value @returns {Record<string, any>} */
function mapping(value) {
  return isObject(value) ? value : {};
}

/** @param {any} value @returns {any[]} */
function list(value) {
  return Array.isArray(value) ? value : [];
}

module.exports = { KNOWN_VERSION, ProjectFileFault, readProjectFile, valueLabel };
