'use strict';
/** The results of a completed run: its charts, and optionally the current outputs of the draft's SQL cells. */

const { HexError, badInput } = require('./errors');
const { readList } = require('./lists');
const { ENDS, getRun, isEnd, runError } = require('./runs');
const { casefold, strip } = require('./text');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {Record<string, any>} Cell
 */

const TOOL = 'hex_get_run_results';
const CHART_TYPES = ['CHART', 'VEGA_CHART'];
const MAX_CELLS = 10_000;
const SIZE = ['width', 'height', 'includeTitle'];

/**
 * Return the charts of a completed run and, if requested, the outputs of the draft's SQL cells.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function getRunResults(call, inputs) {
  const run = { ...inputs, ...(await completed(call, inputs.projectId, inputs.runId)) };
  const { includeCharts = true, includeSqlOutputs = false } = inputs;
  const cells = includeCharts || includeSqlOutputs ? await allCells(call, inputs.projectId) : [];
  const charts = includeCharts ? chartsAmong(cells, inputs.charts) : [];
  return {
    ...run,
    charts: await fetchCharts(call, inputs, charts),
    sqlOutputs: includeSqlOutputs ? await fetchTables(call, cells) : null,
  };
}

/**
 * Return a completed run; throws if the run has not completed.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {string} runId
 */
async function completed(call, projectId, runId) {
  const run = await getRun(call, projectId, runId);
  if (!isEnd(run.status)) throw runError(run, 'run_not_ended', { state: run.status });
  const key = ENDS[run.status];
  if (key) throw runError(run, key);
  return run;
}

/** @param {ToolCall} call @param {string} projectId @returns {Promise<Cell[]>} */
async function allCells(call, projectId) {
  const listed = await readList(call.part('hex_list_cells'), { projectId, fetchAll: true, maxItems: MAX_CELLS });
  return listed.values || [];
}

/**
 * Return the chart cells: all, or those with the given labels or IDs.
 * @param {Cell[]} cells
 * @param {string[]} [names]
 */
function chartsAmong(cells, names) {
  const charts = cells.filter((cell) => CHART_TYPES.includes(cell.cellType));
  if (!names || !names.length) return charts;
  const wanted = new Set(names.map(folded));
  const known = new Set(charts.flatMap(namesOf));
  const unknown = names.filter((name) => !known.has(folded(name)));
  if (unknown.length) {
    const labels = charts.map(shownCell).join(', ') || '–';
    throw badInput(TOOL, 'charts', 'no_such_chart', { found: unknown.join(', '), known: labels });
  }
  return charts.filter((chart) => namesOf(chart).some((name) => wanted.has(name)));
}

/** @param {string} name */
function folded(name) {
  return casefold(strip(name));
}

/** @param {Cell} cell */
function namesOf(cell) {
  return ['staticId', 'id', 'label'].filter((name) => cell[name]).map((name) => folded(String(cell[name])));
}

/** @param {Cell} cell */
function shownCell(cell) {
  return cell.label ? `${cell.label} (${cell.staticId})` : String(cell.staticId);
}

/** @param {ToolCall} call @param {Record<string, any>} inputs @param {Cell[]} charts */
function fetchCharts(call, inputs, charts) {
  const names = ['projectId', 'runId', ...SIZE].filter((name) => name in inputs);
  const asked = Object.fromEntries(names.map((name) => [name, inputs[name]]));
  return fetchEach(call, charts, 'chart_missing', async (chart) => {
    const reply = (await call.request({ ...asked, staticId: chart.staticId }, 'hex_get_run_chart_image')) || {};
    const image = { mimeType: reply.mimeType ?? null, base64: reply.imageBase64 ?? null };
    return { staticId: chart.staticId, label: chart.label ?? null, image };
  });
}

/** @param {ToolCall} call @param {Cell[]} cells */
function fetchTables(call, cells) {
  const queries = cells.filter((cell) => cell.cellType === 'SQL');
  return fetchEach(call, queries, 'table_missing', async (cell) => {
    const reply = await call.request({ cellId: cell.staticId }, 'hex_get_cell_output');
    const result = (reply || {}).result || {};
    const head = { source: 'draft', staticId: cell.staticId, label: cell.label ?? null };
    return { ...head, ...result, error: result.message ?? null };
  });
}

/**
 * Call `fetchOne` for each cell. A cell that fails is left out, with a warning.
 * @param {ToolCall} call
 * @param {Cell[]} cells
 * @param {string} warning
 * @param {(cell: Cell) => Promise<Record<string, any>>} fetchOne
 */
async function fetchEach(call, cells, warning, fetchOne) {
  const fetched = [];
  for (const [number, cell] of cells.entries()) {
    const message = call.say('Fetching result {number} of {all}', { number: number + 1, all: cells.length });
    call.reportProgress({ message, percent: (100 * number) / cells.length });
    try {
      fetched.push(await fetchOne(cell));
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      const busy = error.kind === 'busy';
      if (error.status === 401 || (busy && !fetched.length)) throw error;
      // Hex accepts no more requests, so the other cells are not tried.
      const missed = busy ? cells.slice(number) : [cell];
      call.warn(warning, { name: missed.map(shownCell).join(', '), reason: error.said(call.language) });
      if (busy) break;
    }
  }
  return fetched;
}

module.exports = { chartsAmong, getRunResults };
