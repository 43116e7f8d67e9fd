'use strict';
/** Waits for one run to end. */

const { HexError } = require('./errors');
const { cancelActiveRuns } = require('./cancelling');
const { ENDS, getRun, isEnd, percentOf, runError, usualOf } = require('./runs');
const { newKey, start } = require('./starting');
const { detached, refreshRun, stopRun } = require('./stopping');
const { SHORTEST_INTERVAL, watcherOf } = require('./watcher');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 * @typedef {Record<string, any>} Inputs
 */

const TIMEOUT = 600;
// The minimum seconds for a start, even if the caller's patience is shorter, because its outcome must be known.
const MIN_READ = 10;
// How long a cancellation after the timeout may wait for the rate limit.
const CANCEL_PATIENCE = 30;
// The inputs of a waiting tool besides those of a start.
const WAIT_INPUTS = ['timeout', 'pollInterval', 'cancelOnTimeout', 'cancelOnInterrupt', 'cancelActiveRuns'];

// The fields of an ended run that are stored.
const ENDED = ['status', 'startTime', 'endTime', 'elapsedTime', 'runUrl', 'traceId', 'projectVersion'];

/**
 * Start a run and wait for its end. If a run was started with the same key before, wait for that one.
 * @param {ToolCall} call
 * @param {Inputs} inputs
 */
async function runAndWait(call, inputs) {
  const asked = Object.fromEntries(Object.entries(inputs).filter(([name]) => !WAIT_INPUTS.includes(name)));
  const promised = Boolean(inputs.idempotencyKey);
  const key = inputs.idempotencyKey || newKey(call, 'wait');
  const timeout = inputs.timeout ?? TIMEOUT;
  const until = call.clock.monotonic() + timeout;
  const earlier = promised ? await call.starts.find(key) : null;
  if (call.stopped && !(earlier && earlier.runId)) throw new HexError('interrupted_before');
  const read = Math.min(call.timing.read, Math.max(MIN_READ, timeout));
  const patient = call.with({ timing: { ...call.timing, patience: timeout, read } });
  const before = async () => {
    if (inputs.cancelActiveRuns)
      await cancelActiveRuns(call.part('hex_cancel_active_runs'), { projectId: inputs.projectId });
  };
  const started = await start(
    patient,
    { ...asked, idempotencyKey: key },
    { toolId: 'hex_run_project', promised, before },
  );
  const begun = { status: 'PENDING', ...started, projectId: asked.projectId };
  const ended = earlier && earlier.ended;
  const run = ended
    ? { ...begun, ...ended }
    : await new Wait(call, begun, inputs, until, key, earlier !== null).toTheEnd();
  if (promised && !ended) await noteEnd(call, key, run);
  const error = ENDS[run.status];
  if (error) throw runError(run, error, { idempotencyKey: key });
  return { ...run, idempotencyKey: key };
}

/**
 * Store the end of a run, so that a later call with its key needs no request.
 * @param {ToolCall} call
 * @param {string} key
 * @param {Run} run
 */
async function noteEnd(call, key, run) {
  const start = await call.starts.find(key);
  if (!start) return;
  const ended = Object.fromEntries(ENDED.map((name) => [name, run[name] ?? null]));
  await call.starts.keep({ ...start, ended });
}

/**
 * Wait for the end of a run, whoever started it.
 * @param {ToolCall} call
 * @param {Inputs} inputs
 */
async function waitForRun(call, inputs) {
  const until = call.clock.monotonic() + (inputs.timeout ?? TIMEOUT);
  // The first request also shows whether the run exists.
  let run = await getRun(call, inputs.projectId, inputs.runId);
  if (!isEnd(run.status)) run = await new Wait(call, run, inputs, until, null, true).toTheEnd();
  const error = ENDS[run.status];
  if (error) throw runError(run, error);
  return run;
}

/** The wait for one run. */
class Wait {
  /**
   * @param {ToolCall} call
   * @param {Run} run
   * @param {Inputs} options
   * @param {number} until
   * @param {string | null} key the key of its start; null if it was started elsewhere
   * @param {boolean} resumed
   */
  constructor(call, run, options, until, key, resumed) {
    this.call = call;
    this.options = options;
    this.until = until;
    this.named = key ? { idempotencyKey: key } : {};
    this.key = key;
    this.watcher = watcherOf(call);
    const usual = usualOf(call.api, run.projectId);
    this.followed = this.watcher.follow(run, options.pollInterval ?? SHORTEST_INTERVAL, { atOnce: resumed, usual });
  }

  /** Return the run when it has ended. Throws after a timeout or an interruption. */
  async toTheEnd() {
    const { call, followed } = this;
    try {
      await this.watcher.wait(call, followed, this.until, () => this.reportProgress());
    } finally {
      this.watcher.leave(followed);
    }
    if (!followed.ended) return call.stopped ? this.interrupted() : this.timedOut();
    if (followed.failed) {
      const key = isOfKind(followed.failed, 'not_found') ? 'run_gone' : 'run_unfollowed';
      throw runError(followed.run, key, { reason: followed.failed.phrase(), ...this.named });
    }
    this.reportProgress();
    return followed.run;
  }

  async timedOut() {
    const last = detached(this.call, CANCEL_PATIENCE);
    const run = await refreshRun(last, this.followed.run);
    if (isEnd(run.status)) return run;
    const timeout = Math.round(this.options.timeout ?? TIMEOUT);
    if (!this.options.cancelOnTimeout) throw this.error(run, 'run_timeout', { timeout });
    const end = await stopRun(last, run);
    if (!end.stopped) return end.run;
    throw this.error(end.run, 'run_cancelled_at_timeout', { timeout });
  }

  async interrupted() {
    const { run } = this.followed;
    if (!this.options.cancelOnInterrupt) throw this.error(run, this.key ? 'interrupted' : 'following_interrupted');
    const end = await stopRun(detached(this.call), run);
    if (!end.stopped) return end.run;
    throw this.error(end.run, 'interrupted_and_cancelled');
  }

  /** @param {Run} run @param {string} key @param {Record<string, unknown>} [values] */
  error(run, key, values = {}) {
    return runError(run, key, { ...this.named, ...values });
  }

  /** Report the progress of the run. */
  reportProgress() {
    const { call, followed } = this;
    const elapsed = call.clock.monotonic() - followed.began;
    const { runId, projectId, status, usual, lastError } = followed;
    call.reportProgress({
      message: lastError ? lastError.said(call.language) : call.say('Run {runId}', { runId }),
      status,
      elapsed,
      percent: percentOf(status, elapsed, usual),
      remaining: usual === null ? null : Math.max(0, usual - elapsed),
      values: { projectId, runId, runUrl: followed.run.runUrl ?? null },
    });
  }
}

module.exports = { runAndWait, waitForRun };
