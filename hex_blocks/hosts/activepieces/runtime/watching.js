'use strict';
/**
 * The trigger: runs that have ended since the last poll, each once. Its state is in the flow's store under a fixed name.
 * It is kept when a flow is switched off and on, which happens when a new version of the flow is published.
 */

const { HexError } = require('../core/core');
const { ask, call, told } = require('./hex');

/**
 * The part of a trigger's context that is used here.
 * @typedef {object} Context
 * @property {any} auth
 * @property {Record<string, any>} propsValue
 * @property {import('./hex').Store} store
 *
 * @typedef {{ cursor: string, lookedAt: string }} Kept
 */

const WATCH = 'hex_watch_runs';
const KEPT = 'hex_run_finished';
const ENDS = ['COMPLETED', 'ERRORED', 'KILLED', 'UNABLE_TO_ALLOCATE_KERNEL'];
const SAMPLES = 5;
const PAGE = 100;

/**
 * Return the inputs of the tool: the watched projects and statuses.
 * @param {Context} context
 */
function watched({ propsValue: { projectIds, statuses } }) {
  return { projectIds, ...(statuses?.length ? { statuses } : {}) };
}

/**
 * Store the first cursor, unless there is a stored one.
 * @param {Context} context
 */
async function enabled(context) {
  if (!(await context.store.get(KEPT))) await endedRuns(context);
}

/**
 * Return the runs that have ended since the last poll, oldest end first, and then store the cursor.
 * @param {Context} context
 * @returns {Promise<Record<string, any>[]>}
 */
async function endedRuns(context) {
  const kept = /** @type {Kept | null} */ (await context.store.get(KEPT));
  const lookedAt = new Date().toISOString();
  try {
    const { runs, cursor, warnings = [] } = await lookedSince(context, kept);
    for (const { message } of warnings) console.warn(message);
    await context.store.put(KEPT, { cursor, lookedAt });
    return runs;
  } catch (error) {
    throw told(error);
  }
}

/**
 * @param {Context} context
 * @param {Kept | null} kept
 */
async function lookedSince(context, kept) {
  const inputs = watched(context);
  if (!kept) return ask(context.auth, WATCH, inputs);
  try {
    return await ask(context.auth, WATCH, { ...inputs, cursor: kept.cursor });
  } catch (error) {
    // If another version has stored the cursor, only its time can be used.
    if (!isOfCursor(error)) throw error;
    return ask(context.auth, WATCH, { ...inputs, since: kept.lookedAt });
  }
}

/** @param {unknown} error */
function isOfCursor(error) {
  return error instanceof HexError && error.faults.some((fault) => fault.input === 'cursor');
}

/**
 * Return the latest ended runs, for testing the trigger in the editor. No cursor is stored.
 * @param {Context} context
 * @returns {Promise<Record<string, any>[]>}
 */
async function latestRuns(context) {
  const { projectIds, statuses = ENDS } = watched(context);
  /** @type {Record<string, any>[]} */
  const found = [];
  for (const projectId of Array.isArray(projectIds) ? projectIds : [projectIds]) {
    const { runs } = await call(context.auth, 'hex_get_project_runs', { projectId, limit: PAGE });
    found.push(...runs.map((/** @type {any} */ run) => ({ ...run, projectId: run.projectId || projectId })));
  }
  const ended = found.filter((run) => statuses.includes(run.status));
  return ended.sort((one, other) => endOf(other) - endOf(one)).slice(0, SAMPLES);
}

/** @param {Record<string, any>} run */
function endOf(run) {
  return Date.parse(run.endTime ?? '') || 0;
}

module.exports = { enabled, endedRuns, latestRuns };
