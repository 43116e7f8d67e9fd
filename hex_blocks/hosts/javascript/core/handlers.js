'use strict';
/** The handlers of tools that are more than one request, by the name of the Python handler. */

const { ask } = require('./asking');
const { cancelActiveRuns } = require('./cancelling');
const { checkConnection } = require('./connection_check');
const { findProject } = require('./finding');
const { readList } = require('./lists');
const { bytesOf, formOf } = require('./multipart');
const { getNotebookRunStatus } = require('./notebook_status');
const { getProjectInputs } = require('./project_inputs');
const { getRunResults } = require('./results');
const { runProject } = require('./starting');
const { cancelRun } = require('./stopping');
const { buildRequest } = require('./requests');
const { runAndWait, waitForRun } = require('./waiting');
const { watchRuns } = require('./watching');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {(call: ToolCall, inputs: Record<string, any>) => Promise<any>} Handler
 */

// Hex's API document does not name the form field of the ZIP file; Hex uses the first file.
const PART = 'file';

/** @type {Record<string, Handler>} */
const HANDLERS = {
  'hex_blocks.handlers.ask:ask': ask,
  'hex_blocks.handlers.cancel_active_runs:cancel_active_runs': cancelActiveRuns,
  'hex_blocks.handlers.check_connection:check_connection': checkConnection,
  'hex_blocks.handlers.find_project:find_project': findProject,
  'hex_blocks.handlers.get_notebook_run_status:get_run_status': getNotebookRunStatus,
  'hex_blocks.handlers.get_project_inputs:get_project_inputs': getProjectInputs,
  'hex_blocks.handlers.get_run_results:get_run_results': getRunResults,
  'hex_blocks.handlers.ingest_semantic_project:ingest': ingest,
  'hex_blocks.handlers.list_projects:list_projects': listProjects,
  'hex_blocks.handlers.pass_through:pass_through': passThrough,
  'hex_blocks.handlers.watch_runs:watch_runs': watchRuns,
  'hex_blocks.runs.starting:run_notebook': runProject,
  'hex_blocks.runs.starting:run_project': runProject,
  'hex_blocks.runs.stopping:cancel_run': cancelRun,
  'hex_blocks.runs.waiting:run_and_wait': runAndWait,
  'hex_blocks.runs.waiting:wait_for_run': waitForRun,
};

/**
 * Return the handler of a tool; null if the core does not have it.
 * @param {import('./spec').ToolSpec} spec
 * @returns {Handler | null}
 */
function handlerOf(spec) {
  if (!spec.handler) return spec.request ? oneRequest : null;
  return Object.hasOwn(HANDLERS, spec.handler) ? HANDLERS[spec.handler] : null;
}

/**
 * Send the request of the tool; with fetchAll, read all pages of the list.
 * @type {Handler}
 */
async function oneRequest(call, inputs) {
  return call.spec.paging ? readList(call, inputs) : call.request(inputs);
}

/**
 * List projects, filtered by published or draft if requested, because Hex has no such filter.
 * @type {Handler}
 */
async function listProjects(call, inputs) {
  const wanted = inputs.statusFilter ?? 'ALL';
  if (wanted === 'ALL') return readList(call, inputs);
  return readList(
    call,
    inputs,
    (project) => ((project.lastPublishedAt ?? null) !== null) === (wanted === 'PUBLISHED'),
  );
}

/**
 * Send the request of the tool and return Hex's complete reply.
 * @type {Handler}
 */
async function passThrough(call, inputs) {
  return { reply: await call.request(inputs) };
}

/**
 * Upload the ZIP file of a semantic project, given in base64.
 * @type {Handler}
 */
async function ingest(call, inputs) {
  if (!('contentBase64' in inputs)) throw call.badInput('file', 'file_unreadable', { reason: '?' });
  const content = bytesOf(inputs.contentBase64);
  if (!content) throw call.badInput('contentBase64', 'not_base64');
  const { body } = buildRequest(call.spec, inputs);
  const file = { part: PART, name: 'semantic-project.zip', type: 'application/zip', content };
  return call.request(inputs, undefined, { upload: formOf(body || {}, file, call.api.random) });
}

module.exports = { handlerOf };
