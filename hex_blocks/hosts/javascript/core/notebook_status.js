'use strict';
/** The status tool of the notebook pair, which may have only the ID of a run. */

const { HexError } = require('./errors');
const { isUuid } = require('./ids');
const { ENDS, HISTORY, getRun, isEnd, percentOf, runError, secondsSince, usualSeconds } = require('./runs');
const { cut, quoted, strip } = require('./text');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 */

// Each searched project costs one of sixty requests per minute.
const PROJECTS_SEARCHED = 20;
const PROJECT_OF = Symbol('projects of runs');

/**
 * Return the status of a run in the form of the notebook pair.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function getNotebookRunStatus(call, inputs) {
  const runId = strip(inputs.runId).replace(/^run_/, '');
  if (!isUuid(runId)) throw call.badInput('runId', 'not_uuid', { found: quoted(cut(inputs.runId, 40)) });
  const run = await findRun(call, runId, inputs.projectId);
  const status = run.status ?? null;
  const elapsed = secondsSince(run.startTime, call.clock.time());
  const usual = status === 'RUNNING' ? await usualOf(call, run.projectId) : null;
  return {
    runId,
    status,
    result: status === 'COMPLETED' ? resultOf(run) : null,
    error: errorOf(call, run),
    progress: percentOf(status, elapsed, usual),
    startTime: run.startTime ?? null,
    endTime: run.endTime ?? null,
  };
}

/** @param {ToolCall} call @param {string} projectId */
async function usualOf(call, projectId) {
  const asked = { projectId, statusFilter: 'COMPLETED', limit: HISTORY };
  try {
    return usualSeconds((await call.request(asked, 'hex_get_project_runs')).runs);
  } catch (error) {
    // The estimate is optional: without it, the status is returned all the same.
    if (error instanceof HexError) return null;
    throw error;
  }
}

/** @param {Run} run */
function resultOf(run) {
  const milliseconds = run.elapsedTime ?? null;
  return {
    runUrl: run.runUrl ?? null,
    projectVersion: run.projectVersion ?? null,
    elapsedTime: milliseconds,
    elapsedSeconds: typeof milliseconds === 'number' ? milliseconds / 1000 : null,
  };
}

/** @param {ToolCall} call @param {Run} run */
function errorOf(call, run) {
  const key = isEnd(run.status) ? ENDS[run.status] : null;
  if (!key) return null;
  const error = runError(run, key);
  const said = `${error.said(call.language)} ${error.hint(call.language)}`;
  const values = { sentence: said, traceId: run.traceId ?? null, runUrl: run.runUrl ?? null };
  return call.say('{sentence} (trace ID {traceId}, {runUrl})', values);
}

/**
 * Find a run in the given project, in the project in which this process started it, or in recently published ones.
 * @param {ToolCall} call
 * @param {string} runId
 * @param {string | undefined} given
 * @returns {Promise<Run>}
 */
async function findRun(call, runId, given) {
  const known = projectsOf(call);
  const projectId = given || known.get(runId);
  if (projectId) return getRun(call, projectId, runId);
  const asked = { limit: 100, sortBy: 'LAST_PUBLISHED_AT', sortDirection: 'DESC' };
  const listed = await call.request(asked, 'hex_list_projects');
  const published = listed.values.filter((/** @type {any} */ project) => project.lastPublishedAt && project.id);
  const projects = published.slice(0, PROJECTS_SEARCHED);
  for (const [number, candidate] of projects.entries()) {
    const values = { number: number + 1, all: projects.length };
    const message = call.say('Looking for the run in project {number} of {all}', values);
    call.reportProgress({ message, percent: (100 * number) / projects.length });
    try {
      const run = await getRun(call, candidate.id, runId);
      known.set(runId, candidate.id);
      return run;
    } catch (error) {
      // A refused token does not mean that the run is in another project.
      if (!isOfKind(error, 'not_found', 'input', 'token') || error.status === 401) throw error;
    }
  }
  throw new HexError('run_project_unknown', {}, { runId, searched: projects.length });
}

/** @param {ToolCall} call @returns {Map<string, string>} */
function projectsOf(call) {
  const { shared } = call.api;
  if (!shared.has(PROJECT_OF)) shared.set(PROJECT_OF, new Map());
  const known = shared.get(PROJECT_OF);
  for (const start of call.starts.known.values()) {
    if (start.runId && start.baseUrl === call.api.baseUrl) known.set(start.runId, start.projectId);
  }
  return known;
}

module.exports = { getNotebookRunStatus };
