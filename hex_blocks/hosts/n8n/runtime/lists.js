'use strict';

/** @typedef {import('./connection.js').Connected} Connected */

// The most entries that one call reads.
const MOST = 10000;

/**
 * Return the entries of a list, without duplicates.
 *
 * @param {Connected} hex
 * @param {string} tool
 * @param {Record<string, unknown>} inputs
 * @param {string} entries The output that holds them.
 * @param {number | null} limit How many are read; null for all there are.
 * @returns {Promise<Record<string, any>[]>}
 */
async function readEntries(hex, tool, inputs, entries, limit) {
	/** @type {Record<string, any>[]} */
	const read = [];
	/** @type {Record<string, unknown> | null} */
	let place = {};
	while (place !== null) {
		const most = limit === null ? MOST : Math.min(MOST, limit - read.length);
		const page = await hex.call(tool, { ...inputs, ...place, fetchAll: true, maxItems: most });
		const found = /** @type {Record<string, any>[]} */ (page[entries] ?? []);
		read.push(...found);
		const done = found.length < most || (limit !== null && read.length >= limit);
		place = done ? null : placeBehind(page, read.length);
	}
	return read;
}

/**
 * Return the inputs for the next page of a list; null after the last one.
 *
 * @param {Record<string, any>} page
 * @param {number} count How many entries were read before.
 * @returns {Record<string, unknown> | null}
 */
function placeBehind(page, count) {
	if (page.after) return { after: page.after };
	return page.nextPage ? { offset: count } : null;
}

module.exports = { readEntries };
