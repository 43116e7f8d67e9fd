'use strict';

const { NodeOperationError } = require('n8n-workflow');

const { connect } = require('./connection.js');
const { thrown } = require('./failures.js');
const { plain } = require('./inputs.js');
const { simplified } = require('./outputs.js');

/** @typedef {import('n8n-workflow').IPollFunctions} Context */
/** @typedef {Record<string, any>} Run */

const STATUS_OF_EVENT = /** @type {Record<string, string>} */ ({
	runCompleted: 'COMPLETED',
	runErrored: 'ERRORED',
	runKilled: 'KILLED',
	runNoKernel: 'UNABLE_TO_ALLOCATE_KERNEL',
});
const SIMPLE = [
	'projectId',
	'runId',
	'runUrl',
	'status',
	'startTime',
	'endTime',
	'elapsedSeconds',
	'traceId',
	'projectVersion',
	'runTrigger',
];

/**
 * Return the runs that have ended since the last poll, each once; null if there are none.
 *
 * @param {Context} context
 * @returns {Promise<import('n8n-workflow').INodeExecutionData[][] | null>}
 */
async function pollRuns(context) {
	const projectIds = projectsOf(context);
	const events = /** @type {string[]} */ (context.getNodeParameter('events', Object.keys(STATUS_OF_EVENT)));
	const statuses = events.map((event) => STATUS_OF_EVENT[event]).filter(Boolean);
	try {
		const hex = await connect(context, {});
		const runs =
			context.getMode() === 'manual'
				? await latestRun(hex, projectIds, statuses)
				: await newRuns(context, hex, projectIds, statuses);
		const kept = context.getNodeParameter('simplify', true) === false ? null : SIMPLE;
		return runs.length ? [runs.map((run) => ({ json: simplified(run, kept) }))] : null;
	} catch (error) {
		throw thrown(context.getNode(), error);
	}
}

/** @param {Context} context @returns {string[]} */
function projectsOf(context) {
	const given = plain(context.getNodeParameter('projectIds', []));
	const ids = Array.isArray(given) ? given : String(given ?? '').split(',');
	const named = ids.map((each) => String(each).trim()).filter((each) => each !== '');
	if (!named.length) throw new NodeOperationError(context.getNode(), 'Choose at least one project.');
	return named;
}

/**
 * Return the runs that have ended since the last poll, and then store the cursor.
 *
 * @param {Context} context
 * @param {import('./connection.js').Connected} hex
 * @param {string[]} projectIds
 * @param {string[]} statuses
 * @returns {Promise<Run[]>}
 */
async function newRuns(context, hex, projectIds, statuses) {
	const kept = context.getWorkflowStaticData('node');
	const cursor = typeof kept.cursor === 'string' ? { cursor: kept.cursor } : {};
	const watched = await hex.call('hex_watch_runs', { projectIds, statuses, ...cursor });
	kept.cursor = watched.cursor;
	return /** @type {Run[]} */ (watched.runs);
}

/**
 * Return the latest ended run, for testing the trigger in the editor.
 *
 * @param {import('./connection.js').Connected} hex
 * @param {string[]} projectIds
 * @param {string[]} statuses
 * @returns {Promise<Run[]>}
 */
async function latestRun(hex, projectIds, statuses) {
	/** @type {Run[]} */
	const ended = [];
	for (const projectId of projectIds) {
		const page = await hex.call('hex_get_project_runs', { projectId, limit: 100 });
		const run = /** @type {Run[]} */ (page.runs).find((each) => statuses.includes(each.status));
		if (run) ended.push({ ...run, projectId });
	}
	return ended.sort((one, other) => Date.parse(other.endTime ?? '') - Date.parse(one.endTime ?? '')).slice(0, 1);
}

module.exports = { pollRuns };
