'use strict';
/** Cancelling every run of a project that has not ended. */

const { HexError } = require('./errors');
const { readList } = require('./lists');
const { getRun, isEnd, runError } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 * @typedef {{ cancelled: Run[], ended: Run[], failed: Run[] }} Outcome
 */

// In this order: a run that gets its kernel between the two lists is then in both, and in no case in neither.
const ACTIVE = ['PENDING', 'RUNNING'];
const PAGE = 100;
const MOST_RUNS = 500;

/**
 * Cancel a project's pending and running runs, and tell what became of each.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function cancelActiveRuns(call, inputs) {
  const statuses = inputs.statuses && inputs.statuses.length ? inputs.statuses : ACTIVE;
  const most = inputs.maxRuns ?? MOST_RUNS;
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
    // A list longer than a page can lose entries while runs end; those show when it is read again.
    if (found.length < PAGE || found.length < listed.length || outcome.failed.length) break;
  }
  if (outcome.failed.length) call.warn('runs_not_cancelled', { count: outcome.failed.length });
  return { cancelled: outcome.cancelled, alreadyEnded: outcome.ended, failed: outcome.failed };
}

/** @param {ToolCall} call @param {string} projectId @param {string[]} statuses @param {number} most */
async function activeRuns(call, projectId, statuses, most) {
  // A list cut at `most` is told in our own words.
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
      // What keeps this run from being cancelled would keep the others from it too.
      outcome.failed.push(...runs.slice(number).map((each) => failure(call, each, error)));
      return;
    }
  }
}

/**
 * Find out what a failed cancellation means for its run; false where trying others is useless too.
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
  // Hex did it; only its answer was lost.
  else if (status === 'KILLED' && isOfKind(error, 'down')) outcome.cancelled.push(entry);
  else outcome.ended.push({ ...entry, status });
  return true;
}

/** @param {ToolCall} call @param {Run} run @param {HexError} error */
function failure(call, run, error) {
  return { runId: run.runId, runUrl: run.runUrl ?? null, error: error.key, message: error.said(call.language) };
}

module.exports = { cancelActiveRuns };
