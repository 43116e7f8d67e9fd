'use strict';

const { valuesByName } = require('../core/rows.js');

/**
 * The plan of an operation.
 *
 * @typedef {object} Plan
 * @property {string} tool The tool that does it.
 * @property {string[]} top The inputs that have a field of their own.
 * @property {string | null} collection The field that its other inputs are added in.
 * @property {string[]} optional Those inputs.
 * @property {string | null} entries The output whose entries are items; null where the document is one.
 * @property {boolean} pages Whether they are read page by page.
 * @property {boolean} deletes Whether it deletes something.
 * @property {string[] | null} simple The outputs that stay when they are simplified.
 */

/**
 * The call that an item requests.
 *
 * @typedef {object} Asked
 * @property {Record<string, unknown>} inputs The tool's inputs, as the fields have them; the core checks them.
 * @property {Record<string, unknown>} options What is added in the collection, the node's own options among it.
 * @property {boolean} simplify Whether outputs are left out that few need.
 * @property {number | null} limit The most entries of a list; null where all are asked for.
 */

/**
 * Return the call that an item requests.
 *
 * @param {import('n8n-workflow').IExecuteFunctions} context
 * @param {Plan} plan
 * @param {number} item
 * @returns {Asked}
 */
function readItem(context, plan, item) {
	/** @param {string} name @param {unknown} otherwise */
	const field = (name, otherwise) =>
		// Values that are not among a field's options are refused by the tool, with a reason.
		context.getNodeParameter(name, item, /** @type {any} */ (otherwise), { skipValidation: true });
	const options = plan.collection ? asObject(field(plan.collection, {})) : {};
	/** @type {Record<string, unknown>} */
	const inputs = {};
	for (const name of plan.top) inputs[name] = plain(field(name, null));
	for (const name of plan.optional) if (name in options) inputs[name] = plain(options[name]);
	if (plan.tool === 'hex_run_project') inputs.inputParams = parameters(field);
	const all = !plan.pages || field('returnAll', false) === true;
	return {
		inputs,
		options,
		simplify: plan.simple !== null && field('simplify', true) !== false,
		limit: all ? null : Number(field('limit', 50)),
	};
}

/**
 * Return the value of a field; of a resource locator, its inner value.
 *
 * @param {unknown} value
 * @returns {unknown}
 */
function plain(value) {
	if (Array.isArray(value)) return value.map(plain);
	if (isObject(value) && 'mode' in value && 'value' in value && ('__rl' in value || Object.keys(value).length <= 4)) {
		return value.value;
	}
	return value;
}

/**
 * Return the input parameters of a run by name; null if there are none.
 *
 * @param {(name: string, otherwise: unknown) => unknown} field
 * @returns {unknown}
 */
function parameters(field) {
	if (field('specifyInputParams', 'keypair') === 'json') return field('inputParamsJson', null);
	const given = field('inputParams', {});
	const rows = isObject(given) ? given.values : undefined;
	if (rows === undefined) return isObject(given) && Object.keys(given).length === 0 ? null : given;
	return valuesByName(Array.isArray(rows) ? rows : [rows]);
}

/**
 * Return a value if it is an object, otherwise an empty object.
 *
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function asObject(value) {
	return isObject(value) ? value : {};
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isObject(value) {
	return typeof value === 'object' && value !== null && !Array.isArray(value);
}

module.exports = { asObject, isObject, plain, readItem };
