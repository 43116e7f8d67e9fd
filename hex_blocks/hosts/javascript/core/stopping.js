'use strict';
/** Cancels a run and finds out whether it has stopped. */

const { HexError } = require('./errors');
const { getRun, isEnd, runError } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 */

// Seconds for the last requests of a call that is being stopped: hosts kill the process some seconds later.
const LAST_SECONDS = 8;
const STATUS_SECONDS = 10;
const ATTEMPTS = 3;
const PAUSE = 1;

/**
 * Cancel a run that has not ended. Cancelling twice is harmless, so a cancellation whose reply was lost is sent again,
 * unless the run turns out to be cancelled.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function cancelRun(call, inputs) {
  const run = { projectId: inputs.projectId, runId: inputs.runId };
  const { clock } = call;
  const until = clock.monotonic() + call.timing.patience;
  let lost = false;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await call.request(run, 'hex_cancel_run');
      return null;
    } catch (error) {
      // An earlier attempt may have cancelled it.
      if (isOfKind(error, 'input') && lost && (await refreshRun(call, run)).status === 'KILLED') return null;
      if (!isOfKind(error, 'down')) throw error;
      const seen = (await refreshRun(call, run)).status;
      if (seen === 'KILLED') return null;
      if (isEnd(seen)) throw new HexError('run_ended_already', {}, { reason: `${seen}.` });
      if (attempt === ATTEMPTS || clock.monotonic() > until) throw error;
      if (await clock.wait(PAUSE * attempt, call.stop)) throw error;
      lost = true;
    }
  }
}

/**
 * Cancel a run that this call started.
 * @param {ToolCall} call
 * @param {Run} run
 * @returns {Promise<{ run: Run, stopped: boolean }>} the run afterwards, and whether this cancellation ended it
 */
async function stopRun(call, run) {
  try {
    await cancelRun(call, run);
  } catch (error) {
    if (!(error instanceof HexError)) throw error;
    const seen = await refreshRun(call, run);
    if (isEnd(seen.status)) return { run: seen, stopped: false };
    throw runError(run, 'run_not_cancelled', { reason: error.phrase() });
  }
  const seen = await refreshRun(call, run);
  return { run: isEnd(seen.status) ? seen : { ...run, status: 'KILLED' }, stopped: true };
}

/**
 * Return the current state of a run, or the given one if it cannot be read.
 * @param {ToolCall} call
 * @param {Run} run
 * @returns {Promise<Run>}
 */
async function refreshRun(call, run) {
  const quick = call.quietly(Math.min(STATUS_SECONDS, call.timing.patience));
  try {
    return { ...run, ...(await getRun(quick, run.projectId, run.runId)) };
  } catch (error) {
    if (error instanceof HexError) return run;
    throw error;
  }
}

/**
 * Return a copy of a call that can still send requests after the call was stopped or timed out.
 * @param {ToolCall} call
 * @param {number} [seconds]
 */
function detached(call, seconds = LAST_SECONDS) {
  const timing = { ...call.within(seconds), stop: null, onWait: null };
  return call.with({ onProgress: null, stop: null, timing });
}

module.exports = { cancelRun, detached, refreshRun, stopRun };
