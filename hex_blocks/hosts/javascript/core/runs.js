'use strict';
/** Reads runs, and holds facts about the recent runs of projects. */

const { secondsOf } = require('./dates');
const { HexError } = require('./errors');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./api').HexApi} HexApi
 * @typedef {Record<string, any>} Run
 * @typedef {{ newest: string[], usual: number | null, readAt: number }} Recent
 * @typedef {Run[] & { sent: number }} Page the entries with a run ID, and how many entries Hex sent
 */

// The final statuses of a run, with the error key of each failure. An unknown status counts as active.
/** @type {Record<string, string | null>} */
const ENDS = {
  COMPLETED: null,
  ERRORED: 'run_errored',
  KILLED: 'run_killed',
  UNABLE_TO_ALLOCATE_KERNEL: 'run_no_kernel',
};
const HISTORY = 20;
const FRESH_SECONDS = 10;
const PAGE = 25;
const LANDMARKS = 5;
const MAX_PROJECTS = 1000;
const RECENT = Symbol('recent runs');
const STARTED = ['projectId', 'runId', 'runUrl', 'runStatusUrl', 'traceId', 'projectVersion'];

/** @param {unknown} status */
function isEnd(status) {
  return typeof status === 'string' && Object.hasOwn(ENDS, status);
}

/**
 * Return a run as Hex reports it now.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {string} runId
 * @returns {Promise<Run>}
 */
async function getRun(call, projectId, runId) {
  const asked = { projectId, runId };
  // The IDs are those of the request and not of the reply, because further requests use them.
  return { ...(await call.request(asked, 'hex_get_run_status')), ...asked };
}

/**
 * Return the median duration of the completed runs in seconds; null if there are none.
 * @param {Run[]} runs
 */
function usualSeconds(runs) {
  const known = runs
    .filter((run) => run.status === 'COMPLETED' && typeof run.elapsedTime === 'number' && run.elapsedTime > 0)
    .map((run) => run.elapsedTime / 1000)
    .slice(0, HISTORY)
    .sort((one, other) => one - other);
  if (!known.length) return null;
  const middle = known.length >> 1;
  return known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
}

/**
 * Return the estimated progress of a run in percent: 0 while pending, at most 99 while running, 100 when completed.
 * @param {string | null | undefined} status
 * @param {number} elapsed
 * @param {number | null} usual
 */
function percentOf(status, elapsed, usual) {
  if (status === 'PENDING') return 0;
  if (status === 'COMPLETED') return 100;
  if (isEnd(status) || usual === null) return null;
  return Math.round(Math.min(99, (100 * elapsed) / usual) * 10) / 10;
}

/**
 * Return the reply to a start, from Hex's reply or from the run in a list.
 * @param {Run} run
 * @param {string} baseUrl
 */
function startReply(run, baseUrl) {
  const url = `${baseUrl}/projects/${run.projectId}/runs/${run.runId}`;
  return { ...picked(run, STARTED), runStatusUrl: run.runStatusUrl || url };
}

/**
 * @param {Run} run
 * @param {string[]} names
 */
function picked(run, names) {
  return Object.fromEntries(names.map((name) => [name, run[name] ?? null]));
}

/**
 * Return an error about a run, with the values to find it in Hex.
 * @param {Run} run
 * @param {string} key
 * @param {Record<string, unknown>} [values]
 */
function runError(run, key, values = {}) {
  // Not `status`, which is the HTTP status in every error.
  const known = { ...picked(run, ['projectId', 'runId', 'runUrl']), runStatus: run.status ?? null };
  return new HexError(key, { traceId: run.traceId }, { ...known, ...values });
}

/** @param {HexApi} api @returns {Map<string, Recent>} */
function recentOf(api) {
  if (!api.shared.has(RECENT)) api.shared.set(RECENT, new Map());
  return api.shared.get(RECENT);
}

/** @param {HexApi} api @param {string} projectId @param {Recent} recent */
function keep(api, projectId, recent) {
  const known = recentOf(api);
  known.delete(projectId);
  known.set(projectId, recent);
  for (const oldest of known.keys()) {
    if (known.size <= MAX_PROJECTS) break;
    known.delete(oldest);
  }
  return recent;
}

/**
 * Return facts about a project's newest runs that are at most ten seconds old; with `anew`, read them again.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {boolean} [anew]
 */
async function recentRuns(call, projectId, anew = false) {
  const known = recentOf(call.api).get(projectId);
  if (known && !anew && call.clock.monotonic() - known.readAt <= FRESH_SECONDS) return known;
  const listed = await listRuns(call, projectId, PAGE, 0);
  // A project must not be taken for one without runs, because old runs would then look new.
  if (listed.sent && !listed.length) throw call.replyLacks('runs[].runId');
  return keepRecent(call.api, projectId, listed);
}

/**
 * Return the usual duration of a project's runs in seconds, if it is known already.
 * @param {HexApi} api
 * @param {string} projectId
 */
function usualOf(api, projectId) {
  const known = recentOf(api).get(projectId);
  return known ? known.usual : null;
}

/**
 * Remember a run that was just started as the newest of its project.
 * @param {HexApi} api
 * @param {string} projectId
 * @param {string} runId
 */
function keepStarted(api, projectId, runId) {
  const known = recentOf(api).get(projectId);
  if (known) keep(api, projectId, { ...known, newest: [runId, ...known.newest].slice(0, LANDMARKS) });
}

/**
 * Remember facts from the first page of a project's list.
 * @param {HexApi} api
 * @param {string} projectId
 * @param {Run[]} runs
 */
function keepRecent(api, projectId, runs) {
  const before = recentOf(api).get(projectId);
  const usual = before && before.usual !== null && runs.length < PAGE ? before.usual : usualSeconds(runs);
  const newest = runs.slice(0, LANDMARKS).map((run) => run.runId);
  return keep(api, projectId, { newest, usual, readAt: api.clock.monotonic() });
}

/**
 * Read a part of a project's list of runs, newest first, without entries that have no ID.
 * @param {ToolCall} call
 * @param {string} projectId
 * @param {number} limit
 * @param {number} offset
 * @param {{ status?: string, whole?: boolean }} [options] whole: whether an entry without an ID is an error
 * @returns {Promise<Page>}
 */
async function listRuns(call, projectId, limit, offset, { status, whole } = {}) {
  /** @type {Record<string, any>} */
  const asked = { projectId, limit, offset };
  if (status) asked.statusFilter = status;
  const answer = await call.requestClosely(asked, 'hex_get_project_runs');
  const runs = /** @type {Run[]} */ (answer.reply.runs);
  const sent = runs.length + (answer.leftOut.get('runs[]') || 0);
  const page = Object.assign(
    runs.filter((run) => run.runId),
    { sent },
  );
  if (whole && page.length < sent) throw call.replyLacks('runs[].runId');
  return page;
}

/**
 * Return the seconds from an ISO 8601 time until now; 0 if there is no time.
 * @param {unknown} moment
 * @param {number} now
 */
function secondsSince(moment, now) {
  const began = secondsOf(moment);
  return began === null ? 0 : Math.max(0, now - began);
}

module.exports = {
  ENDS,
  HISTORY,
  getRun,
  isEnd,
  keepRecent,
  keepStarted,
  listRuns,
  percentOf,
  recentRuns,
  runError,
  secondsSince,
  startReply,
  usualOf,
  usualSeconds,
};
