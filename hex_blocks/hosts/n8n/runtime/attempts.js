'use strict';

/** @typedef {import('n8n-workflow').IExecuteFunctions} Context */
/** @typedef {Record<string, unknown>} Inputs */

/**
 * The start of a run for an item, over all attempts of the node within an execution.
 *
 * @typedef {object} Attempt
 * @property {Inputs} inputs What is asked for: a try asks for what the one before it did, whatever time it is by now.
 * @property {() => void} over Let a further try be a run of its own.
 */

/** @typedef {{ key: string, inputs: Inputs }} Kept */

let made = 0;

/**
 * Return the start of a run for an item.
 *
 * @param {Context} context
 * @param {number} item
 * @param {Inputs} inputs
 * @returns {Attempt}
 */
function attemptOf(context, item, inputs) {
	// n8n stores this with the execution, so it is the same for all attempts and unique to the execution.
	const kept = /** @type {Record<string, Kept | undefined>} */ (context.getContext('node'));
	const place = `start:${context.evaluateExpression('{{ $runIndex }}', item)}:${item}`;
	const { key, inputs: asked } = (kept[place] ??= { key: newKey(), inputs });
	return {
		inputs: { ...asked, idempotencyKey: key },
		over: () => {
			delete kept[place];
		},
	};
}

/** @returns {string} A key that no other start has. */
function newKey() {
	made += 1;
	const parts = [Date.now(), made, Math.floor(Math.random() * 2 ** 40)];
	return `n8n-${parts.map((part) => part.toString(36)).join('-')}`;
}

module.exports = { attemptOf };
