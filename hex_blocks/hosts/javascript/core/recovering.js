'use strict';
/**
 * Finding the run that a start became whose answer was lost: one that appeared in Hex's list after the start was
 * meant, was started through the API, and belongs to no other start that is known. Where it cannot be told, that is
 * said: a second run is never started on a guess.
 */

const { NOT_SENT } = require('./api');
const { secondsOf } = require('./dates');
const { HexError } = require('./errors');
const { listRuns } = require('./runs');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./starts').Start} Start
 * @typedef {import('./runs').Run} Run
 *
 * When a start was sent and what time it is now, by Hex's clock. sure: not reckoned from another clock.
 * @typedef {{ sentAt: number, now: number, sure: boolean }} Times
 */

// A run is listed this soon after its start.
const SETTLE_SECONDS = 5;
// Hex tells its time to the second, and a machine that never heard it may be wrong by more.
const CLOCKS_DIFFER = 10;
// A request lasts no longer than this, and most runs get their kernel in this time.
const SOON_SECONDS = 90;
// After this, whatever the clocks say, a run that appears is no longer that of a start sent before.
const CLEAR_SECONDS = SOON_SECONDS + CLOCKS_DIFFER;
// A run that begins later than this was not waiting for its kernel since.
const LATE_SECONDS = 900;
const UNAUTHORIZED = 401;
const PAGE = 100;
const PAGES = 20;
const PAUSES = [5, 10, 20, 30];
const MOST_NAMED = 10;

/**
 * Find the run of a start; null where there is none.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt by the monotonic clock; null where another call sent it
 * @returns {Promise<Run | null>}
 */
async function findLostRun(call, start, sentAt) {
  await settle(call, start, sentAt);
  /** @type {Run[]} */
  let candidates = [];
  for (const pause of [...PAUSES, null]) {
    const { newer, bounded } = await newerRuns(call, start, sentAt);
    candidates = couldBeOurs(call, start, sentAt, newer, bounded);
    if (!candidates.length && !bounded && newer.length > (PAGES - 1) * PAGE) {
      // What lies deeper was not looked at.
      candidates = newer;
      break;
    }
    if (!candidates.length) return null;
    const times = timesOf(call, start, sentAt);
    const soon = times.sure ? candidates.filter((run) => isWithin(times, run, SOON_SECONDS)) : candidates;
    const others = call.starts
      .othersWithoutRun(start)
      .filter((each) => Math.abs(secondsApart(each, start)) <= SOON_SECONDS);
    const equal = others.filter((other) => other.fingerprint === start.fingerprint);
    const different = others.filter((other) => other.fingerprint !== start.fingerprint);
    const onlyOurs = soon.filter((run) => !different.some((other) => couldBeOf(other, run, newer)));
    // Starts that ask for the same may have each other's runs.
    if (onlyOurs.length && onlyOurs.length <= 1 + equal.length) return onlyOurs[onlyOurs.length - 1];
    // The others may be just about to hear of theirs.
    if (onlyOurs.length || !different.length || pause === null || (await call.clock.wait(pause, call.stop))) break;
  }
  const runs = candidates
    .slice(0, MOST_NAMED)
    .map((run) => run.runId)
    .join(', ');
  throw new HexError('start_uncertain', {}, { used: start.key, projectId: start.projectId, runs });
}

/**
 * Return whether Hex may have started a run though its start came to this error: where no answer came, and where
 * somebody between us and Hex refused, who may have asked Hex first.
 * @param {HexError} error
 */
function mayHaveStarted(error) {
  if (error.kind === 'down') return !NOT_SENT.has(error.key);
  return !error.byHex && error.status !== UNAUTHORIZED;
}

/**
 * Return the starts that ask for something else and may still become a run that ours could be taken for.
 * @param {ToolCall} call
 * @param {Start} start with the times of now
 */
function startsInTheWay(call, start) {
  return call.starts
    .othersWithoutRun(start)
    .filter((other) => other.fingerprint !== start.fingerprint && secondsUntilClear(start, [other]) > 0);
}

/**
 * Return for how long a run of the others may still appear.
 * @param {Start} start with the times of now
 * @param {Start[]} others
 */
function secondsUntilClear(start, others) {
  return Math.max(0, ...others.map((other) => CLEAR_SECONDS - Math.max(0, secondsApart(start, other))));
}

/**
 * Return for how long a start that was sent, and has no run yet, may still become one.
 * @param {Start} earlier
 * @param {Start} now
 */
function secondsUntilLost(earlier, now) {
  return CLEAR_SECONDS - Math.max(0, secondsApart(now, earlier));
}

/**
 * Return how much later one start was meant than another: by Hex's clock where it was known to both.
 * @param {Start} one
 * @param {Start} other
 */
function secondsApart(one, other) {
  if (one.atHex !== null && other.atHex !== null) return one.atHex - other.atHex;
  return one.intendedAt - other.intendedAt;
}

/**
 * Return a run the time to be listed, if it has not had it yet.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 */
async function settle(call, start, sentAt) {
  const passed = sentAt === null ? call.clock.time() - start.intendedAt : call.clock.monotonic() - sentAt;
  const left = SETTLE_SECONDS - Math.min(SETTLE_SECONDS, Math.max(0, passed));
  // Also for a call that is being stopped: what became of its start is worth these seconds.
  if (left > 0) await call.clock.wait(left);
}

/**
 * Return whether a run could be another start's.
 * @param {Start} start
 * @param {Run} run
 * @param {Run[]} newer the part of the list that the run was found in
 */
function couldBeOf(start, run, newer) {
  const began = beganAt(run);
  if (began !== null && start.atHex !== null && began < start.atHex - CLOCKS_DIFFER) return false;
  // What stands at or below a run that was there before that start was there before it as well.
  const place = (/** @type {string} */ runId) => newer.findIndex((each) => each.runId === runId);
  const before = (start.after || []).map(place).filter((each) => each >= 0);
  return !before.length || place(run.runId) < Math.min(...before);
}

/**
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 * @returns {Times}
 */
function timesOf(call, start, sentAt) {
  const { clock } = call;
  const now = call.api.timeAtHex();
  if (now !== null && sentAt !== null) {
    // What Hex has just said counts more than what was reckoned before: the machine may have slept meanwhile.
    return { sentAt: now - (clock.monotonic() - sentAt), now, sure: true };
  }
  if (start.atHex !== null) return { sentAt: start.atHex, now: now === null ? start.atHex : now, sure: true };
  if (now === null) return { sentAt: start.intendedAt, now: clock.time(), sure: false };
  return { sentAt: now - (clock.time() - start.intendedAt), now, sure: false };
}

/** @param {Times} times @param {Run} run */
function isBefore(times, run) {
  const began = beganAt(run);
  return began !== null && began < times.sentAt - CLOCKS_DIFFER;
}

/** @param {Times} times @param {Run} run @param {number} seconds */
function isWithin(times, run, seconds) {
  const began = beganAt(run);
  return (began === null ? times.now : began) <= times.sentAt + seconds;
}

/**
 * Return the API runs that appeared after a start was sent, and belong to no other start that is known.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 * @param {Run[]} newer
 * @param {boolean} bounded
 */
function couldBeOurs(call, start, sentAt, newer, bounded) {
  const times = timesOf(call, start, sentAt);
  const claimed = call.starts.claimed(start.baseUrl);
  return newer.filter((run) => {
    if (run.runTrigger !== 'API' || claimed.has(run.runId)) return false;
    if (!times.sure && bounded) return true;
    // One that still waits for its kernel may do so for long, and can always be ours.
    return !isBefore(times, run) && (beganAt(run) === null || isWithin(times, run, LATE_SECONDS));
  });
}

/**
 * Read a project's list down to the runs that were there before; tell whether these were found.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 */
async function newerRuns(call, start, sentAt) {
  const { after } = start;
  // A run that arrives meanwhile pushes the last one of a page onto the next.
  /** @type {Map<string, Run>} */
  const newer = new Map();
  for (let page = 0; page < PAGES; page += 1) {
    const listed = await listRuns(call, start.projectId, PAGE, page * PAGE, { whole: true });
    for (const run of listed) {
      if ((after || []).includes(run.runId)) return { newer: [...newer.values()], bounded: true };
      if (!newer.has(run.runId)) newer.set(run.runId, run);
    }
    if (listed.length < PAGE) return { newer: [...newer.values()], bounded: after !== null && !after.length };
    const times = timesOf(call, start, sentAt);
    if (after === null && listed.some((run) => isBefore(times, run))) break;
  }
  return { newer: [...newer.values()], bounded: false };
}

/**
 * Return when a run began; for one that never did, when it ended; null for one that waits for its kernel.
 * @param {Run} run
 */
function beganAt(run) {
  const moment = run.startTime || run.endTime;
  return moment ? secondsOf(moment) : null;
}

module.exports = { findLostRun, mayHaveStarted, secondsUntilClear, secondsUntilLost, startsInTheWay };
