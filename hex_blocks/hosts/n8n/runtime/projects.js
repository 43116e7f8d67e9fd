'use strict';

const { OperationalError } = require('n8n-workflow');

/** @typedef {import('./connection.js').Connected} Connected */

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/i;

/**
 * Return the ID of a project that is given by ID or URL. The URL of a published app has its title instead of the ID.
 *
 * @param {Connected} hex
 * @param {unknown} meant
 * @returns {Promise<unknown>}
 */
async function projectMeant(hex, meant) {
	if (typeof meant !== 'string' || !meant.includes('/') || UUID.test(meant)) return meant;
	const { matches } = await hex.call('hex_find_project', { query: meant });
	const found = /** @type {{ id: string, title: string }[]} */ (matches);
	if (found.length === 1) return found[0].id;
	throw Object.assign(new OperationalError(`${found.length} projects fit the address.`), {
		hint: found.length ? `Give the ID of one: ${found.map((each) => each.id).join(', ')}.` : 'Give the ID.',
	});
}

module.exports = { projectMeant };
