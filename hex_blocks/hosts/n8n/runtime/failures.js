'use strict';

const { NodeOperationError } = require('n8n-workflow');

const { HexError } = require('../core/errors.js');
const { language } = require('./environment.js');

/** @typedef {import('n8n-workflow').INode} INode */
/** @typedef {import('n8n-workflow').IDataObject} IDataObject */

/**
 * The parts of an error that are shown.
 *
 * @typedef {object} Failure
 * @property {string} message
 * @property {string | null} errorKey
 * @property {string | null} hint
 * @property {string | null} runUrl
 * @property {string | null} traceId
 */

/**
 * Return the parts of an error, whether or not it is a HexError.
 *
 * @param {any} error
 * @returns {Failure}
 */
function failureOf(error) {
	if (!(error instanceof HexError)) {
		const hint = error?.hint ?? error?.description ?? null;
		return { message: String(error?.message ?? error), errorKey: null, hint, runUrl: null, traceId: null };
	}
	return {
		message: error.said(language()),
		errorKey: error.key,
		hint: error.hint(language()) || null,
		runUrl: error.values.runUrl ?? null,
		traceId: error.traceId,
	};
}

/**
 * Return the output item for an input item that failed.
 *
 * n8n moves an item to the error output only if `error` is its only key, so there all parts are inside `error`.
 *
 * @param {INode} node
 * @param {any} error
 * @param {number} item
 * @returns {import('n8n-workflow').INodeExecutionData}
 */
function failedItem(node, error, item) {
	const { message, ...told } = failureOf(error);
	const json = node.onError === 'continueErrorOutput' ? { error: { message, ...told } } : { error: message, ...told };
	return { json, pairedItem: { item } };
}

/**
 * Return the error for n8n: the sentence as message, and the hint, the URL of the run and the key as description.
 *
 * @param {INode} node
 * @param {any} error
 * @param {number} [itemIndex]
 * @returns {NodeOperationError}
 */
function thrown(node, error, itemIndex) {
	if (error instanceof NodeOperationError) return error;
	const { message, errorKey, hint, runUrl, traceId } = failureOf(error);
	const trace = traceId ? `Trace ID: ${traceId}` : null;
	const key = errorKey ? `[${errorKey}]` : null;
	const description = [hint, runUrl, trace, key].filter(Boolean).join(' ');
	return new NodeOperationError(node, message, { description, itemIndex, level: 'warning' });
}

module.exports = { failedItem, failureOf, thrown };
