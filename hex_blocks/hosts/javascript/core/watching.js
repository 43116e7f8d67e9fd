'use strict';
/**
 * What polling triggers need: the runs that have ended since last time, each exactly once. Nothing is kept here: the
 * cursor that a caller hands back holds all there is to know.
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
 * What is known of a project: its newest runs, those that had not ended, and the latest moment in its list.
 * @typedef {{ newest: string[], open: string[], latest: number }} Seen
 */

// The form of a cursor that is written here; Python writes others.
const VERSION = 'js-1';
const LARGEST_CURSOR = 4 * 1024 * 1024;
const PAGE = 100;
// Pages overlap, in case that runs are removed from the list while it is read.
const OVERLAP = 10;
const GOING_ON = ['PENDING', 'RUNNING'];
// So many of the newest runs are remembered, in case that some of them are gone next time.
const LANDMARKS = 5;
// Up to so many open runs that lie deep in the list are asked for one by one.
const FEW = 2;
// So many runs whose state the list does not tell are asked for at one look; the others come next time.
const MOST_UNCLEAR = 10;
// So many projects that a call leaves out are kept in the cursor, those left out last.
const MOST_LEFT_OUT = 200;
// A first look back is complete for runs that took no longer than this.
const LONGEST_RUN = 86_400;

/**
 * Return the runs that have ended since the cursor, oldest end first, and the cursor for next time.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function watchRuns(call, inputs) {
  const seen = 'cursor' in inputs ? readCursor(call, inputs.cursor) : new Map();
  // Builders send their form whole each time: what the cursor knows goes before the moment of a first call.
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
      const look = before ? await nextLook(call, projectId, before) : await firstLook(call, projectId, since);
      known.set(projectId, look.seen);
      ended.push(...look.ended);
    } catch (error) {
      if (!isOfProject(error)) throw error;
      // One project that is gone must not keep the others' ends from being told.
      refusals.push(error);
      call.warn('project_unwatched', { projectId, reason: error.phrase() });
      if (before) known.set(projectId, before);
    }
  }
  if (refusals.length === projectIds.length) throw refusals[0];
  const leftOut = [...seen].filter(([projectId]) => !known.has(projectId)).slice(0, MOST_LEFT_OUT);
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
 * Whether Hex says it of one project. It says the same of one that is gone and of one that is not shared.
 * @param {unknown} error
 * @returns {error is HexError}
 */
function isOfProject(error) {
  return isOfKind(error, 'not_found', 'input') || (error instanceof HexError && error.key === 'no_permission');
}

/**
 * Take note of where a project's list begins and of all that goes on; return what has ended since a moment.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {number | null} since
 */
async function firstLook(call, projectId, since) {
  /** @type {Map<string, Run>} */
  const runs = new Map();
  let sent = 0;
  for await (const page of pagesOf(call, projectId)) {
    sent = page.sent;
    for (const run of whereItWas(page, runs)) if (!runs.has(run.runId)) runs.set(run.runId, run);
    if (since === null || page.every((run) => (beganAt(run) || since) < since - LONGEST_RUN)) break;
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
 * Read a project's list down to what was known; return what has ended since, and what is known now.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Seen} before
 */
async function nextLook(call, projectId, before) {
  /** @type {Map<string, Run>} */
  const runs = new Map();
  /** @type {Map<string, Run>} */
  let fresh = new Map();
  let metKnown = false;
  for await (const page of pagesOf(call, projectId)) {
    for (const run of whereItWas(page, runs)) {
      if (!runs.has(run.runId)) runs.set(run.runId, run);
      metKnown = metKnown || before.newest.includes(run.runId);
      if (!metKnown && !fresh.has(run.runId)) fresh.set(run.runId, run);
    }
    // Where all that was known is gone from the list, its times tell where the new runs end.
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
 * Ask singly for runs whose state the list does not tell; what stays unknown counts as going on.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {Map<string, Run>} runs
 */
async function addStates(call, projectId, runs) {
  const unclear = [...runs].filter(([, run]) => !run.status).slice(0, MOST_UNCLEAR);
  for (const [runId, run] of unclear) {
    try {
      runs.set(runId, { ...run, ...(await getRun(call, projectId, runId)) });
    } catch (error) {
      if (!isOfProject(error) && !(error instanceof HexError && error.key === 'not_hex')) throw error;
    }
  }
}

/**
 * Leave out of a page what has arrived since the pages before it were read: it belongs to the next look.
 * @param {Run[]} page
 * @param {Map<string, Run>} runs
 */
function whereItWas(page, runs) {
  if (!runs.size) return page;
  const known = page.findIndex((run) => runs.has(run.runId));
  return known < 0 ? [] : page.slice(known);
}

/**
 * List the runs that go on; in this order a run that gets its kernel between the two lists is in both.
 * @param {ToolCall} call
 * @param {string} projectId
 */
async function activeRuns(call, projectId) {
  /** @type {Map<string, Run>} */
  const found = new Map();
  for (;;) {
    const known = found.size;
    let pages = 0;
    for (const status of GOING_ON) {
      for await (const page of pagesOf(call, projectId, status)) {
        pages += 1;
        for (const run of page) found.set(run.runId, run);
      }
    }
    // Runs that leave one of these lists move the rest of it up, past what is read next.
    if (pages <= GOING_ON.length || found.size === known) return [...found.values()];
  }
}

/**
 * Read open runs that lie deep in the list; those that are gone are told of and left out.
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
    document = cursor.length > LARGEST_CURSOR ? null : JSON.parse(cursor);
  } catch {
    // Told below, as any other cursor that is not one of these.
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
