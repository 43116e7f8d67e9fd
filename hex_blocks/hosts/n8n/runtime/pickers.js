'use strict';

const { NodeOperationError } = require('n8n-workflow');

const { LISTINGS, folded, runName } = require('../core/listings.js');
const { chartsAmong } = require('../core/results.js');
const { connect } = require('./connection.js');
const { thrown } = require('./failures.js');
const { plain } = require('./inputs.js');
const { readEntries } = require('./lists.js');

/** @typedef {import('n8n-workflow').ILoadOptionsFunctions} Context */
/** @typedef {import('n8n-workflow').INodeListSearchResult} Found */
/** @typedef {import('n8n-workflow').INodePropertyOptions} Choice */
/** @typedef {Record<string, any>} Entry */
/** @typedef {import('../core/listings.js').Listing} Listing */

// The number of matches that a page of choices has; the editor requests the next page if it is needed.
const ENOUGH = 25;

/**
 * Return a page of choices whose names contain a text, and the token of the next page.
 *
 * @param {Context} context
 * @param {Listing} listing
 * @param {string | undefined} filter
 * @param {unknown} token
 * @returns {Promise<Found>}
 */
async function search(context, listing, filter, token) {
	const wanted = folded(filter ?? '');
	const hex = await connected(context);
	/** @type {Choice[]} */
	const results = [];
	let after = typeof token === 'string' && token ? token : undefined;
	do {
		const inputs = { limit: listing.page, ...(after ? { after } : {}) };
		const page = await asked(context, () => hex.call(listing.tool, inputs));
		results.push(...choices(listing, page[listing.entries]).filter((each) => folded(each.name).includes(wanted)));
		after = page.after ?? undefined;
	} while (after && results.length < (wanted ? ENOUGH : 1));
	return { results, paginationToken: after };
}

/**
 * Return all choices of a list.
 *
 * @param {Context} context
 * @param {Listing} listing
 * @returns {Promise<Choice[]>}
 */
async function load(context, listing) {
	const hex = await connected(context);
	const read = await asked(context, () => readEntries(hex, listing.tool, {}, listing.entries, null));
	const all = choices(listing, read);
	return all.sort((one, other) => one.name.localeCompare(other.name, 'en'));
}

/** @param {Listing} listing @param {Entry[]} entries @returns {Choice[]} */
function choices(listing, entries) {
	return entries.map((each) => ({ name: listing.name(each), value: each.id }));
}

/** @param {Context} context */
async function connected(context) {
	return await asked(context, () => connect(context, {}));
}

/**
 * Return the result of a request. An error is shown, because an empty list would look as if there were no entries.
 *
 * @template T
 * @param {Context} context
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
async function asked(context, ask) {
	try {
		return await ask();
	} catch (error) {
		throw thrown(context.getNode(), error);
	}
}

/**
 * Return the project that is selected in the form.
 *
 * @param {Context} context
 * @returns {string}
 */
function chosenProject(context) {
	const chosen = plain(context.getCurrentNodeParameter('projectId'));
	if (typeof chosen !== 'string' || chosen === '' || chosen.startsWith('=')) {
		throw new NodeOperationError(context.getNode(), 'Choose the project first.', {
			description: 'The list is of one project. Where the project is an expression, give the ID.',
		});
	}
	return chosen;
}

/**
 * Return the search method of a listing, for a resource locator.
 *
 * @param {Listing} listing
 * @returns {(this: Context, filter?: string, token?: string) => Promise<Found>}
 */
function searchOf(listing) {
	return async function (filter, token) {
		return await search(this, listing, filter, token);
	};
}

/**
 * Return the load method of a listing, for a list of options.
 *
 * @param {Listing} listing
 * @returns {(this: Context) => Promise<Choice[]>}
 */
function loadOf(listing) {
	return async function () {
		return await load(this, listing);
	};
}

/** @this {Context} @param {string} [filter] @param {string} [token] @returns {Promise<Found>} */
async function searchRuns(filter, token) {
	const hex = await connected(this);
	const projectId = chosenProject(this);
	const wanted = folded(filter ?? '');
	/** @type {Choice[]} */
	const results = [];
	let offset = Number(token) || 0;
	let more = true;
	while (more && results.length < (wanted ? ENOUGH : 1)) {
		const page = await asked(this, () => hex.call('hex_get_project_runs', { projectId, limit: 100, offset }));
		const runs = /** @type {Entry[]} */ (page.runs ?? []);
		results.push(...runs.map((run) => ({ name: runName(run), value: run.runId })).filter((each) => folded(each.name).includes(wanted)));
		offset += runs.length;
		more = runs.length > 0 && Boolean(page.nextPage);
	}
	return { results, paginationToken: more ? String(offset) : undefined };
}

/** @this {Context} @param {string} [filter] @returns {Promise<Found>} */
async function searchCharts(filter) {
	const wanted = folded(filter ?? '');
	const charts = await chartsOf(this);
	return { results: charts.filter((each) => folded(each.name).includes(wanted)) };
}

/** @param {Context} context @returns {Promise<Choice[]>} */
async function chartsOf(context) {
	const hex = await connected(context);
	const inputs = { projectId: chosenProject(context) };
	const cells = await asked(context, () => readEntries(hex, 'hex_list_cells', inputs, 'cells', null));
	return chartsAmong(cells).map((cell) => ({ name: cell.label ?? cell.staticId, value: cell.staticId }));
}

/** @this {Context} @returns {Promise<Choice[]>} */
async function getCharts() {
	return await chartsOf(this);
}

/** @this {Context} @returns {Promise<Choice[]>} */
async function getStatuses() {
	const hex = await connected(this);
	const projects = await asked(this, () => readEntries(hex, 'hex_list_projects', {}, 'projects', null));
	const names = new Set(projects.map((each) => each.status?.name).filter(Boolean));
	return [...names].sort().map((name) => ({ name, value: name }));
}

module.exports = {
	getCharts,
	getCollections: loadOf(LISTINGS.collections),
	getDraftGuides: loadOf(LISTINGS.guides),
	getGroups: loadOf(LISTINGS.groups),
	getProjects: loadOf(LISTINGS.projects),
	getStatuses,
	getTopics: loadOf(LISTINGS.topics),
	getUsers: loadOf(LISTINGS.users),
	searchCharts,
	searchCollections: searchOf(LISTINGS.collections),
	searchDataConnections: searchOf(LISTINGS.connections),
	searchGroups: searchOf(LISTINGS.groups),
	searchProjects: searchOf(LISTINGS.projects),
	searchRuns,
	searchThreads: searchOf(LISTINGS.threads),
	searchUsers: searchOf(LISTINGS.users),
};
