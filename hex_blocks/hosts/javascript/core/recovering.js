'use strict';
/**
 * Finds the run of a start whose reply was lost: a run that appeared in Hex's list after the start, was started through
 * the API, and belongs to no other known start. If this is ambiguous, it is an error: a second run is never started on
 * a guess.
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
 * When a start was sent and the current time, by Hex's clock. sure: whether sentAt is not derived from another clock.
 * @typedef {{ sentAt: number, now: number, sure: boolean }} Times
 */

// After this time, a new run is in Hex's list.
const SETTLE_SECONDS = 5;
// How much clocks may differ: Hex's times are in whole seconds, and a machine's clock may be wrong.
const CLOCKS_DIFFER = 10;
// The maximum duration of a request; most runs get their kernel in this time.
const SOON_SECONDS = 90;
// A run that appears after this time cannot belong to the earlier start, even if clocks differ.
const CLEAR_SECONDS = SOON_SECONDS + CLOCKS_DIFFER;
// A run that begins later than this after the start did not wait for its kernel all the time.
const LATE_SECONDS = 900;
const UNAUTHORIZED = 401;
const PAGE = 100;
const PAGES = 20;
const PAUSES = [5, 10, 20, 30];
const MAX_NAMED = 10;

/**
 * Find the run of a start; null if there is none.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt by the monotonic clock; null if another call sent it
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
      // Older pages of the list were not read.
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
    // Identical starts may exchange their runs.
    if (onlyOurs.length && onlyOurs.length <= 1 + equal.length) return onlyOurs[onlyOurs.length - 1];
    // The other starts may still get the replies with their runs.
    if (onlyOurs.length || !different.length || pause === null || (await call.clock.wait(pause, call.stop))) break;
  }
  const runs = candidates
    .slice(0, MAX_NAMED)
    .map((run) => run.runId)
    .join(', ');
  throw new HexError('start_uncertain', {}, { used: start.key, projectId: start.projectId, runs });
}

/**
 * Return whether Hex may have started a run although the request failed: if there was no reply, or if a gateway refused
 * the request, which may have passed it on.
 * @param {HexError} error
 */
function mayHaveStarted(error) {
  if (error.kind === 'down') return !NOT_SENT.has(error.key);
  return !error.byHex && error.status !== UNAUTHORIZED;
}

/**
 * Return the other, different starts without a run whose future runs could be confused with ours.
 * @param {ToolCall} call
 * @param {Start} start with the times of now
 */
function blockingStarts(call, start) {
  return call.starts
    .othersWithoutRun(start)
    .filter((other) => other.fingerprint !== start.fingerprint && secondsUntilClear(start, [other]) > 0);
}

/**
 * Return for how many seconds a run of the other starts may still appear.
 * @param {Start} start with the times of now
 * @param {Start[]} others
 */
function secondsUntilClear(start, others) {
  return Math.max(0, ...others.map((other) => CLEAR_SECONDS - Math.max(0, secondsApart(start, other))));
}

/**
 * Return for how many seconds a run of an earlier start may still appear.
 * @param {Start} earlier
 * @param {Start} now
 */
function secondsUntilLost(earlier, now) {
  return CLEAR_SECONDS - Math.max(0, secondsApart(now, earlier));
}

/**
 * Return how many seconds later one start was than another, by Hex's clock if both have its time.
 * @param {Start} one
 * @param {Start} other
 */
function secondsApart(one, other) {
  if (one.atHex !== null && other.atHex !== null) return one.atHex - other.atHex;
  return one.intendedAt - other.intendedAt;
}

/**
 * Wait until a run of the start must be in Hex's list.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 */
async function settle(call, start, sentAt) {
  const passed = sentAt === null ? call.clock.time() - start.intendedAt : call.clock.monotonic() - sentAt;
  const left = SETTLE_SECONDS - Math.min(SETTLE_SECONDS, Math.max(0, passed));
  // A call that is being stopped waits too, because the outcome of its start must be known.
  if (left > 0) await call.clock.wait(left);
}

/**
 * Return whether a run could belong to another start.
 * @param {Start} start
 * @param {Run} run
 * @param {Run[]} newer the part of the list in which the run was found
 */
function couldBeOf(start, run, newer) {
  const began = beganAt(run);
  if (began !== null && start.atHex !== null && began < start.atHex - CLOCKS_DIFFER) return false;
  // The list is sorted by age: at or after a run that is older than that start, all runs are older.
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
    // Hex's current time is more reliable than a derived one, because the machine may have been suspended.
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
 * Return the runs that were started through the API after a start was sent, and belong to no other known start.
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
    // A run that is waiting for its kernel has no start time, so it can always be ours.
    return !isBefore(times, run) && (beganAt(run) === null || isWithin(times, run, LATE_SECONDS));
  });
}

/**
 * Read a project's list until the runs that were there before the start, and return whether these were found.
 * @param {ToolCall} call
 * @param {Start} start
 * @param {number | null} sentAt
 */
async function newerRuns(call, start, sentAt) {
  const { after } = start;
  // A new run moves the last one of a page to the next page, so runs are collected by ID.
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
 * Return when a run began; if it never did, when it ended; null if it is waiting for its kernel.
 * @param {Run} run
 */
function beganAt(run) {
  const moment = run.startTime || run.endTime;
  return moment ? secondsOf(moment) : null;
}

module.exports = { blockingStarts, findLostRun, mayHaveStarted, secondsUntilClear, secondsUntilLost };
