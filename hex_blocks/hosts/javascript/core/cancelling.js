'use strict';
/** Cancels all runs of a project that have not ended. */

const { HexError } = require('./errors');
const { readList } = require('./lists');
const { getRun, isEnd, runError } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 * @typedef {{ cancelled: Run[], ended: Run[], failed: Run[] }} Outcome
 */

// In this order, so that a run that gets its kernel between the two requests is in both lists, not in neither.
const ACTIVE = ['PENDING', 'RUNNING'];
const PAGE = 100;
const MAX_RUNS = 500;

/**
 * Cancel a project's pending and running runs, and return the outcome of each.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function cancelActiveRuns(call, inputs) {
  const statuses = inputs.statuses && inputs.statuses.length ? inputs.statuses : ACTIVE;
  const most = inputs.maxRuns ?? MAX_RUNS;
  /** @type {Outcome} */
  const outcome = { cancelled: [], ended: [], failed: [] };
  const seen = new Set();
  for (;;) {
    const listed = (await activeRuns(call, inputs.projectId, statuses, most + 1)).filter(
      (run) => !seen.has(run.runId),
    );
    const found = listed.slice(0, most - seen.size);
    for (const run of found) seen.add(run.runId);
    await cancelEach(call, inputs.projectId, found, outcome);
    if (found.length < listed.length) call.warn('runs_left', { count: seen.size });
    // While runs end, entries can be missed between two pages of a list; they are found when it is read again.
    if (found.length < PAGE || found.length < listed.length || outcome.failed.length) break;
  }
  if (outcome.failed.length) call.warn('runs_not_cancelled', { count: outcome.failed.length });
  return { cancelled: outcome.cancelled, alreadyEnded: outcome.ended, failed: outcome.failed };
}

/** @param {ToolCall} call @param {string} projectId @param {string[]} statuses @param {number} most */
async function activeRuns(call, projectId, statuses, most) {
  // If the list is cut at `most`, a more specific warning is given than that of `readList`.
  const listing = call.part('hex_get_project_runs', { warnings: [] });
  /** @type {Map<string, Run>} */
  const found = new Map();
  for (const statusFilter of ACTIVE.filter((status) => statuses.includes(status))) {
    const listed = await readList(listing, { projectId, statusFilter, fetchAll: true, maxItems: most });
    for (const run of listed.runs) if (run.runId) found.set(run.runId, run);
  }
  call.warnings.push(...listing.warnings.filter((warning) => warning.warning !== 'list_cut'));
  return [...found.values()];
}

/** @param {ToolCall} call @param {string} projectId @param {Run[]} runs @param {Outcome} outcome */
async function cancelEach(call, projectId, runs, outcome) {
  for (const [number, run] of runs.entries()) {
    const message = call.say('Cancelling run {number} of {all}', { number: number + 1, all: runs.length });
    call.reportProgress({ message, percent: (100 * number) / runs.length, values: { runId: run.runId } });
    const entry = { runId: run.runId, status: run.status ?? null, runUrl: run.runUrl ?? null };
    try {
      if (call.stopped) throw runError(run, 'cancel_interrupted');
      await call.request({ projectId, runId: run.runId }, 'hex_cancel_run');
      outcome.cancelled.push(entry);
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      if (await settle(call, projectId, entry, error, outcome)) continue;
      // The same error would prevent the other runs from being cancelled too.
      outcome.failed.push(...runs.slice(number).map((each) => failure(call, each, error)));
      return;
    }
  }
}

/**
 * Record the outcome of a run whose cancellation failed. Return false if trying the other runs is useless too.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Run} entry
 * @param {HexError} error
 * @param {Outcome} outcome
 */
async function settle(call, projectId, entry, error, outcome) {
  if (error.status === 401 || error.key === 'cancel_interrupted' || error.kind === 'busy') return false;
  let status = null;
  if (error.key === 'run_ended_already' || error.kind === 'down') {
    try {
      ({ status } = await getRun(call, projectId, entry.runId));
    } catch (worse) {
      if (!(worse instanceof HexError)) throw worse;
      if (error.status === null || worse.status === 401) return false;
    }
  }
  if (!isEnd(status)) outcome.failed.push(failure(call, entry, error));
  // Hex has cancelled it; only the reply was lost.
  else if (status === 'KILLED' && isOfKind(error, 'down')) outcome.cancelled.push(entry);
  else outcome.ended.push({ ...entry, status });
  return true;
}

/** @param {ToolCall} call @param {Run} run @param {HexError} error */
function failure(call, run, error) {
  return { runId: run.runId, runUrl: run.runUrl ?? null, error: error.key, message: error.said(call.language) };
}

module.exports = { cancelActiveRuns };
