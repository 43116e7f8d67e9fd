'use strict';

const { NodeOperationError } = require('n8n-workflow');

const { BAD_ENDS, ENDED } = require('../core/failures.js');
const { connect } = require('./connection.js');
const { failedItem, failureOf, thrown } = require('./failures.js');
const { readItem } = require('./inputs.js');
const { readEntries } = require('./lists.js');
const { itemsOf } = require('./outputs.js');
const { projectMeant } = require('./projects.js');
const { attemptOf } = require('./attempts.js');

/** @typedef {import('n8n-workflow').IExecuteFunctions} Context */
/** @typedef {import('n8n-workflow').INodeExecutionData} Item */
/** @typedef {import('./inputs.js').Plan} Plan */
/** @typedef {import('./inputs.js').Asked} Asked */
/** @typedef {import('./connection.js').Connected} Connected */

const RUN_PROJECT = 'hex_run_project';
const RUN_AND_WAIT = 'hex_run_and_wait';
const RUN_NOTEBOOK = 'hex_run_notebook';
// Tools that wait, so items are processed in parallel.
const WAITING = [RUN_PROJECT, 'hex_wait_for_run', 'hex_ask'];
const MOST_AT_ONCE = 5;
// Options of the wait, which do not apply to a start without a wait.
const OF_THE_WAIT = ['timeout', 'pollInterval', 'cancelOnTimeout', 'cancelActiveRuns'];

/**
 * Return the output items for all input items, in the same order.
 *
 * @param {Context} context
 * @param {Record<string, Plan>} plans What is known of each operation.
 * @returns {Promise<Item[][]>}
 */
async function executeItems(context, plans) {
	const operation = String(context.getNodeParameter('operation', 0));
	const plan = Object.hasOwn(plans, operation) ? plans[operation] : undefined;
	if (!plan) {
		throw new NodeOperationError(context.getNode(), `${operation} is not an operation of this version of the node.`);
	}
	/** @type {Set<string>} */
	const hints = new Set();
	const hex = await connected(context, hints);
	const results = await inTurn(context.getInputData().length, atOnce(context, plan), async (item) => {
		try {
			return hex.stopped() ? [] : await workOn(context, hex, plan, item);
		} catch (error) {
			// A stopped workflow has not failed; n8n reports the stop itself.
			if (hex.stopped()) return [];
			if (!context.continueOnFail()) throw thrown(context.getNode(), error, item);
			return [failedItem(context.getNode(), error, item)];
		}
	});
	for (const message of hints) context.addExecutionHints({ message, location: 'outputPane' });
	return [results.flat()];
}

/** @param {Context} context @param {Set<string>} hints @returns {Promise<Connected>} */
async function connected(context, hints) {
	try {
		return await connect(context, {
			signal: context.getExecutionCancelSignal(),
			onWarning: (message) => hints.add(message),
		});
	} catch (error) {
		throw thrown(context.getNode(), error);
	}
}

/** @param {Context} context @param {Plan} plan @returns {number} */
function atOnce(context, plan) {
	if (!WAITING.includes(plan.tool)) return 1;
	const given = Number(context.getNodeParameter('options.maxParallel', 0, MOST_AT_ONCE));
	return Number.isInteger(given) && given > 0 ? given : MOST_AT_ONCE;
}

/**
 * Call `work` for each number below a count, up to `most` at a time, and return the results in order. After the first
 * failure, no more calls are started.
 *
 * @template T
 * @param {number} count
 * @param {number} most
 * @param {(number: number) => Promise<T>} work
 * @returns {Promise<T[]>}
 */
async function inTurn(count, most, work) {
	/** @type {T[]} */
	const results = new Array(count);
	let next = 0;
	const hand = async () => {
		while (next < count) {
			const mine = next++;
			try {
				results[mine] = await work(mine);
			} catch (error) {
				next = count;
				throw error;
			}
		}
	};
	await Promise.all(Array.from({ length: Math.min(most, count) }, hand));
	return results;
}

/**
 * Return the output items for one input item.
 *
 * @param {Context} context
 * @param {Connected} hex
 * @param {Plan} plan
 * @param {number} item
 * @returns {Promise<Item[]>}
 */
async function workOn(context, hex, plan, item) {
	const asked = readItem(context, plan, item);
	if ('projectId' in asked.inputs) asked.inputs.projectId = await projectMeant(hex, asked.inputs.projectId);
	const document = await documentOf(context, hex, plan, asked, item);
	return await itemsOf(context, plan, document, item, asked.simplify);
}

/**
 * @param {Context} context
 * @param {Connected} hex
 * @param {Plan} plan
 * @param {Asked} asked
 * @param {number} item
 * @returns {Promise<Record<string, unknown>>}
 */
async function documentOf(context, hex, plan, asked, item) {
	if (plan.tool === RUN_PROJECT) return await runProject(context, hex, asked, item);
	if (plan.tool === RUN_NOTEBOOK) return await hex.call(plan.tool, attemptOf(context, item, asked.inputs).inputs);
	if (plan.entries !== null && plan.pages) {
		return { [plan.entries]: await readEntries(hex, plan.tool, asked.inputs, plan.entries, asked.limit) };
	}
	return await orItsEnd(asked, async () => await hex.call(plan.tool, asked.inputs));
}

/**
 * @param {Context} context
 * @param {Connected} hex
 * @param {Asked} asked
 * @param {number} item
 * @returns {Promise<Record<string, unknown>>}
 */
async function runProject(context, hex, asked, item) {
	const { dryRun, ...inputs } = asked.inputs;
	const starts = Object.fromEntries(Object.entries(inputs).filter(([name]) => !OF_THE_WAIT.includes(name)));
	if (dryRun === true) return await hex.call(RUN_PROJECT, { ...starts, dryRun });
	if (context.getNodeParameter('waitForCompletion', item, true) === false) {
		return await hex.call(RUN_PROJECT, attemptOf(context, item, starts).inputs);
	}
	const attempt = attemptOf(context, item, inputs);
	return await orItsEnd(asked, async () => {
		try {
			const { idempotencyKey: _, ...run } = await hex.call(RUN_AND_WAIT, attempt.inputs);
			return run;
		} catch (error) {
			if (ENDED.includes(failureOf(error).errorKey ?? '')) attempt.over();
			throw error;
		}
	});
}

/**
 * Return a document; for a failed run, its status, if the node is set to return it.
 *
 * @param {Asked} asked
 * @param {() => Promise<Record<string, unknown>>} ask
 * @returns {Promise<Record<string, unknown>>}
 */
async function orItsEnd(asked, ask) {
	try {
		return await ask();
	} catch (error) {
		const { errorKey, runUrl } = failureOf(error);
		if (asked.options.failOnRunError !== false || !BAD_ENDS.includes(errorKey ?? '')) throw error;
		const { projectId, runId, runStatus } = /** @type {any} */ (error).values;
		return { projectId, runId, runUrl, status: runStatus };
	}
}

module.exports = { executeItems };
