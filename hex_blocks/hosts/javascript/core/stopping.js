'use strict';
/** Stopping a run so that it is known afterwards whether it stopped. */

const { HexError } = require('./errors');
const { getRun, isEnd, runError } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 */

// A host that ends us waits this long at the least before it does so by force.
const LAST_SECONDS = 8;
const LOOK_SECONDS = 10;
const ATTEMPTS = 3;
const PAUSE = 1;

/**
 * Cancel a run that has not ended. To cancel twice does no harm, so a cancellation whose answer was lost is sent
 * again, unless a look at the run shows that it was done.
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
      // The one before may have been the one that ended it.
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
 * Cancel a run of our own.
 * @param {ToolCall} call
 * @param {Run} run
 * @returns {Promise<{ run: Run, stopped: boolean }>} the run as it is then, and whether it was us who ended it
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
 * Return a run as it is now, or as it was where Hex does not say.
 * @param {ToolCall} call
 * @param {Run} run
 * @returns {Promise<Run>}
 */
async function refreshRun(call, run) {
  const quick = call.quietly(Math.min(LOOK_SECONDS, call.timing.patience));
  try {
    return { ...run, ...(await getRun(quick, run.projectId, run.runId)) };
  } catch (error) {
    if (error instanceof HexError) return run;
    throw error;
  }
}

/**
 * Make a call that still gets through when this one is over: stopped, or out of time.
 * @param {ToolCall} call
 * @param {number} [seconds]
 */
function detached(call, seconds = LAST_SECONDS) {
  const timing = { ...call.within(seconds), stop: null, onWait: null };
  return call.with({ onProgress: null, stop: null, timing });
}

module.exports = { cancelRun, detached, refreshRun, stopRun };
