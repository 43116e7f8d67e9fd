'use strict';
/**
 * Returns the runs that have ended since the last call, each exactly once, for polling triggers. The state is in the
 * cursor that the caller sends back.
 */

const { secondsOf } = require('./dates');
const { HexError } = require('./errors');
const { isObject } = require('./faults');
const { getRun, isEnd, listRuns } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 * @typedef {import('./runs').Page} Page
 *
 * The state of a project: its newest runs, those that had not ended, and the latest time in its list.
 * @typedef {{ newest: string[], open: string[], latest: number }} Seen
 */

// The format of cursors in JavaScript; Python has its own.
const VERSION = 'js-1';
const MAX_CURSOR_BYTES = 4 * 1024 * 1024;
const PAGE = 100;
// Pages overlap, in case runs are removed from the list while it is read.
const OVERLAP = 10;
const ACTIVE = ['PENDING', 'RUNNING'];
// How many of the newest runs are remembered, in case some of them are gone at the next call.
const LANDMARKS = 5;
// Up to this number of open runs that are deep in the list are read one by one.
const FEW = 2;
// How many runs without a status in the list are read one by one in a call; the others follow at the next call.
const MAX_UNCLEAR = 10;
// How many projects that a call does not include stay in the cursor: the most recent ones.
const MAX_LEFT_OUT = 200;
// A first call with `since` finds all runs that took no longer than this.
const MAX_DURATION = 86_400;

/**
 * Return the runs that have ended since the cursor, oldest end first, and the next cursor.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function watchRuns(call, inputs) {
  const seen = 'cursor' in inputs ? readCursor(call, inputs.cursor) : new Map();
  // Builders send the complete form each time, so the cursor takes precedence over the start time of a first call.
  const since = seen.size ? null : secondsOf(inputs.since);
  const projectIds = [...new Set(inputs.projectIds.map((/** @type {string} */ id) => id.toLowerCase()))];
  /** @type {Run[]} */
  const ended = [];
  /** @type {Map<string, Seen>} */
  const known = new Map();
  const refusals = [];
  for (const projectId of projectIds) {
    const before = seen.get(projectId);
    try {
      const look = before ? await readNew(call, projectId, before) : await firstRead(call, projectId, since);
      known.set(projectId, look.seen);
      ended.push(...look.ended);
    } catch (error) {
      if (!isOfProject(error)) throw error;
      // A project that is gone must not prevent runs of the others from being returned.
      refusals.push(error);
      call.warn('project_unwatched', { projectId, reason: error.phrase() });
      if (before) known.set(projectId, before);
    }
  }
  if (refusals.length === projectIds.length) throw refusals[0];
  const leftOut = [...seen].filter(([projectId]) => !known.has(projectId)).slice(0, MAX_LEFT_OUT);
  const { statuses } = inputs;
  const wanted = ended.filter((run) => !statuses || !statuses.length || statuses.includes(run.status));
  const told = wanted.sort((one, other) => endOf(one) - endOf(other));
  return {
    runs: told,
    total: told.length,
    active: [...known.values()].reduce((count, each) => count + each.open.length, 0),
    cursor: JSON.stringify({ v: VERSION, projects: Object.fromEntries([...known, ...leftOut]) }),
  };
}

/**
 * Return whether an error concerns one project, which is gone or not shared.
 * @param {unknown} error
 * @returns {error is HexError}
 */
function isOfProject(error) {
  return isOfKind(error, 'not_found', 'input') || (error instanceof HexError && error.key === 'no_permission');
}

/**
 * Return the state of a project: its newest and active runs, and the runs that have ended since a time.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {number | null} since
 */
async function firstRead(call, projectId, since) {
  /** @type {Map<string, Run>} */
  const runs = new Map();
  let sent = 0;
  for await (const page of pagesOf(call, projectId)) {
    sent = page.sent;
    for (const run of withoutNew(page, runs)) if (!runs.has(run.runId)) runs.set(run.runId, run);
    if (since === null || page.every((run) => (beganAt(run) || since) < since - MAX_DURATION)) break;
  }
  await addStates(call, projectId, runs);
  const going = [...runs.values()].filter((run) => !isEnd(run.status));
  if (sent === PAGE) going.push(...(await activeRuns(call, projectId)).filter((run) => !runs.has(run.runId)));
  const ended = [...runs.values()].filter((run) => isEnd(run.status));
  const told = since === null ? [] : ended.filter((run) => (secondsOf(run.endTime) || since) >= since);
  const newest = [...runs.keys()].slice(0, LANDMARKS);
  return { ended: told, seen: { newest, open: going.map((run) => run.runId), latest: latestOf(runs.values()) } };
}

/**
 * Read a project's list down to the known runs, and return the runs that have ended since, and the new state.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Seen} before
 */
async function readNew(call, projectId, before) {
  /** @type {Map<string, Run>} */
  const runs = new Map();
  /** @type {Map<string, Run>} */
  let fresh = new Map();
  let metKnown = false;
  for await (const page of pagesOf(call, projectId)) {
    for (const run of withoutNew(page, runs)) {
      if (!runs.has(run.runId)) runs.set(run.runId, run);
      metKnown = metKnown || before.newest.includes(run.runId);
      if (!metKnown && !fresh.has(run.runId)) fresh.set(run.runId, run);
    }
    // If all known runs are gone from the list, times show where the new runs end.
    if (metKnown || (page.length && page.every((run) => isOld(run, before)))) break;
  }
  if (!metKnown) fresh = new Map([...fresh].filter(([, run]) => !isOld(run, before)));
  const candidates = fresh;
  for (const runId of before.open) if (runs.has(runId)) candidates.set(runId, /** @type {Run} */ (runs.get(runId)));
  const deep = await deepRuns(
    call,
    projectId,
    before.open.filter((runId) => !runs.has(runId)),
  );
  for (const [runId, run] of deep) candidates.set(runId, run);
  await addStates(call, projectId, candidates);
  const open = [...candidates].filter(([, run]) => !isEnd(run.status)).map(([runId]) => runId);
  const newest = runs.size ? [...runs.keys()].slice(0, LANDMARKS) : before.newest;
  const latest = Math.max(before.latest, latestOf(runs.values()));
  return { ended: [...candidates.values()].filter((run) => isEnd(run.status)), seen: { newest, open, latest } };
}

/**
 * Read a project's list page by page, newest first.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {string} [status]
 * @returns {AsyncGenerator<Page>}
 */
async function* pagesOf(call, projectId, status) {
  for (let offset = 0; ; offset += PAGE - OVERLAP) {
    const page = await listRuns(call, projectId, PAGE, offset, { status });
    yield page;
    if (page.sent < PAGE) return;
  }
}

/**
 * Read one by one the runs without a status in the list. A run whose status stays unknown counts as active.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Map<string, Run>} runs
 */
async function addStates(call, projectId, runs) {
  const unclear = [...runs].filter(([, run]) => !run.status).slice(0, MAX_UNCLEAR);
  for (const [runId, run] of unclear) {
    try {
      runs.set(runId, { ...run, ...(await getRun(call, projectId, runId)) });
    } catch (error) {
      if (!isOfProject(error) && !(error instanceof HexError && error.key === 'not_hex')) throw error;
    }
  }
}

/**
 * Return a page without the runs that are newer than the pages before, which belong to the next call.
 * @param {Run[]} page
 * @param {Map<string, Run>} runs
 */
function withoutNew(page, runs) {
  if (!runs.size) return page;
  const known = page.findIndex((run) => runs.has(run.runId));
  return known < 0 ? [] : page.slice(known);
}

/**
 * List the active runs, in an order in which a run that gets its kernel between the two requests is in both lists.
 * @param {ToolCall} call
 * @param {string} projectId
 */
async function activeRuns(call, projectId) {
  /** @type {Map<string, Run>} */
  const found = new Map();
  for (;;) {
    const known = found.size;
    let pages = 0;
    for (const status of ACTIVE) {
      for await (const page of pagesOf(call, projectId, status)) {
        pages += 1;
        for (const run of page) found.set(run.runId, run);
      }
    }
    // Runs that leave one of these lists move the others up, past the next page.
    if (pages <= ACTIVE.length || found.size === known) return [...found.values()];
  }
}

/**
 * Read open runs that are deep in the list. Runs that are gone are left out, with a warning.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {string[]} runIds
 */
async function deepRuns(call, projectId, runIds) {
  /** @type {Map<string, Run>} */
  const found = new Map();
  if (runIds.length > FEW) {
    for (const run of await activeRuns(call, projectId)) if (runIds.includes(run.runId)) found.set(run.runId, run);
  }
  for (const runId of runIds) {
    if (found.has(runId)) continue;
    try {
      found.set(runId, await getRun(call, projectId, runId));
    } catch (error) {
      if (!isOfProject(error)) throw error;
      call.warn('run_gone', { runId });
    }
  }
  return found;
}

/**
 * Return when a run began; for one that never did, when it ended.
 * @param {Run} run
 */
function beganAt(run) {
  return secondsOf(run.startTime) || secondsOf(run.endTime);
}

/** @param {Run} run @param {Seen} before */
function isOld(run, before) {
  const began = beganAt(run);
  return began !== null && began <= before.latest;
}

/** @param {Run} run */
function endOf(run) {
  return secondsOf(run.endTime) || 0;
}

/** @param {Iterable<Run>} runs */
function latestOf(runs) {
  const moments = [...runs].flatMap((run) => [secondsOf(run.startTime), secondsOf(run.endTime)]);
  return Math.max(0, ...moments.map((moment) => moment ?? 0));
}

/**
 * @param {ToolCall} call
 * @param {string} cursor
 * @returns {Map<string, Seen>}
 */
function readCursor(call, cursor) {
  let document;
  try {
    document = cursor.length > MAX_CURSOR_BYTES ? null : JSON.parse(cursor);
  } catch {
    // Handled below, like any other invalid cursor.
    document = null;
  }
  const projects =
    isObject(document) && document.v === VERSION && isObject(document.projects) ? document.projects : null;
  if (!projects || !Object.values(projects).every(isSeen)) throw call.badInput('cursor', 'not_our_cursor');
  return new Map(Object.entries(projects));
}

/** @param {any} seen */
function isSeen(seen) {
  return isObject(seen) && Array.isArray(seen.newest) && Array.isArray(seen.open) && typeof seen.latest === 'number';
}

module.exports = { watchRuns };
