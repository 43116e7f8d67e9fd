'use strict';
/** The charts of a run as files, which Zapier downloads when a later step uses them. */

const { checkInputs } = require('../core/core');
const { pictureName } = require('../core/pictures');
const { chartsAmong } = require('../core/results');
const { call, core, run } = require('./hex');

const RESULTS = 'hex_get_run_results';
const MOST_CELLS = 10_000;
const PNG = 'image/png';

/** Return the results of a run, with its charts as `chart_1`, `chart_2` and so on. */
async function withFiles(z, bundle, inputs) {
  const given = await run(z, () => checkInputs(core.tool(RESULTS), inputs));
  const results = await call(z, bundle, RESULTS, { ...inputs, includeCharts: false });
  const charts = given.includeCharts === false ? [] : await chartsOf(z, bundle, given);
  const { projectId, runId } = results;
  const { width, height, includeTitle } = given;
  const files = charts.map(({ staticId, label }, number) => {
    const place = charts.length > 1 ? number + 1 : 0;
    const file = { projectId, runId, staticId, label, place, width, height, includeTitle };
    return [`chart_${number + 1}`, z.dehydrateFile(chart, file)];
  });
  const shown = charts.map(({ staticId, label }) => ({ staticId, label: label ?? null }));
  return { ...results, charts: shown, ...Object.fromEntries(files) };
}

async function chartsOf(z, bundle, { projectId, charts }) {
  const { cells } = await call(z, bundle, 'hex_list_cells', { projectId, fetchAll: true, maxItems: MOST_CELLS });
  return run(z, () => chartsAmong(cells, charts));
}

/** Fetch a chart, and return it as a file of Zapier. */
async function chart(z, bundle) {
  const { label, place, ...inputs } = bundle.inputData;
  const { image } = await call(z, bundle, 'hex_get_run_chart_image', inputs);
  const content = Buffer.from(image.base64, 'base64');
  const type = image.mimeType || PNG;
  return z.stashFile(content, content.length, pictureName(label, type, place), type);
}

module.exports = { chart, withFiles };
