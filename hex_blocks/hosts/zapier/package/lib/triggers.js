'use strict';
/** The triggers: ended runs, by polling or through events of a service, and new projects. */

const app = require('../app.json');
const { checkInputs } = require('../core/core');
const { call, core, run } = require('./hex');
const { serviceOf } = require('./service');

const WATCH = 'hex_watch_runs';
const PAGE = 100;
// Further pages of a list are read for the runs of the last hour, so that a burst of runs between two polls is found.
const MOST_PAGES = 5;
const BURST_MILLISECONDS = 3_600_000;
// One of several projects that is gone must not prevent runs of the others from being found.
const OF_ONE_PROJECT = ['not_found', 'no_permission', 'request_refused'];
const EVENTS = {
  COMPLETED: 'run.completed',
  ERRORED: 'run.errored',
  KILLED: 'run.killed',
  UNABLE_TO_ALLOCATE_KERNEL: 'run.no_kernel',
};
const { of: OF_A_HOOK } = app.triggers.run_finished_instant;

/** Return the watched projects, without duplicates, and the statuses. */
function watched(z, bundle) {
  const { projectIds, statuses } = bundle.inputData || {};
  return run(z, () => {
    const inputs = { projectIds, ...(isGiven(statuses) ? { statuses } : {}) };
    const checked = checkInputs(core.tool(WATCH), inputs);
    const projects = checked.projectIds.map((id) => id.toLowerCase());
    return { projectIds: [...new Set(projects)], statuses: checked.statuses || Object.keys(EVENTS) };
  });
}

function isGiven(value) {
  return value !== undefined && value !== null && value !== '' && value.length !== 0;
}

/**
 * Return the ended runs among the latest of each project, newest end first. Zapier triggers for those whose `id` is
 * new, so a run that ends late is not missed.
 */
async function finishedRuns(z, bundle) {
  const { projectIds, statuses } = await watched(z, bundle);
  const found = [];
  const refused = [];
  for (const projectId of projectIds) {
    try {
      const runs = await latestRuns(z, bundle, projectId);
      found.push(...runs.map((each) => ({ id: each.runId, ...each, projectId: each.projectId || projectId })));
    } catch (error) {
      if (!isOfOneProject(error)) throw error;
      z.console.error(`${projectId}: ${error.message}`);
      refused.push(error);
    }
  }
  if (refused.length === projectIds.length) throw refused[0];
  // Pages overlap if the list grows meanwhile.
  const known = new Map(found.map((each) => [each.id, each]));
  const ended = [...known.values()].filter((each) => each.id && statuses.includes(each.status));
  return ended.sort((one, other) => endOf(other) - endOf(one));
}

/** Return the latest runs of a project: one page, and further ones for the last hour. */
async function latestRuns(z, bundle, projectId) {
  const read = [];
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const inputs = { projectId, limit: PAGE, offset: page * PAGE };
    const { runs } = await call(z, bundle, 'hex_get_project_runs', inputs);
    read.push(...runs);
    // A run that has not started has no start time.
    const times = read.map(endOf).filter(Boolean);
    if (runs.length < PAGE || (times.length && times[0] - times[times.length - 1] > BURST_MILLISECONDS)) break;
  }
  return read;
}

function isOfOneProject(error) {
  return error.name === 'AppError' && OF_ONE_PROJECT.includes(JSON.parse(error.message).code);
}

function endOf(each) {
  return Date.parse(each.endTime || each.startTime || '') || 0;
}

/** Return projects, newest first. */
async function newProjects(z, bundle) {
  const inputs = { limit: PAGE, sortBy: 'CREATED_AT', sortDirection: 'DESC' };
  return (await call(z, bundle, 'hex_list_projects', inputs)).projects;
}

/** Create a hook at the service. */
async function subscribe(z, bundle) {
  const { projectIds, statuses } = await watched(z, bundle);
  const events = statuses.map((status) => EVENTS[status]);
  const { id } = await serviceOf(z, bundle).ask('POST', '/v1/hooks', {
    targetUrl: bundle.targetUrl,
    events,
    filter: { projectIds },
  });
  return { id };
}

/** Delete the hook; one that no longer exists is not an error. */
async function unsubscribe(z, bundle) {
  const { id } = bundle.subscribeData || {};
  if (id) await serviceOf(z, bundle).ask('DELETE', `/v1/hooks/${encodeURIComponent(id)}`);
  return {};
}

/** Return the run in an event of the service. */
function hookedRuns(z, bundle) {
  const { data } = bundle.cleanedRequest || {};
  return data && data.runId ? [asTold(data)] : [];
}

/** Return recent runs in the form of the service's events, for testing the trigger in the editor. */
async function recentRuns(z, bundle) {
  return (await finishedRuns(z, bundle)).map(asTold);
}

function asTold(each) {
  const told = OF_A_HOOK.map((name) => [name, each[name] ?? null]);
  return { id: each.runId, ...Object.fromEntries(told) };
}

module.exports = { finishedRuns, hookedRuns, newProjects, recentRuns, subscribe, unsubscribe };
