'use strict';
/** Dropdown fields with entries from Hex. */

const { Property } = require('@activepieces/pieces-framework');

const { hexAuth } = require('../auth');
const { HexError } = require('../core/core');
const { LISTINGS, folded, runName } = require('../core/listings');
const { chartsAmong } = require('../core/results');
const { ask, sentenceOf } = require('./hex');

/**
 * @typedef {import('./hex').Auth} Auth
 * @typedef {{ label: string, value: string }} Choice
 * @typedef {{ disabled: boolean, options: Choice[], placeholder?: string }} Choices
 * @typedef {{ displayName: string, description: string, required: boolean }} Words
 * @typedef {Record<string, unknown> & { auth?: any }} Form
 */

const PAGE = 100;
// Only the latest runs are listed; an older one is given by ID.
const MOST_RUNS = 1_000;
const MOST_CELLS = 10_000;
// The number of choices that are shown; a search finds the others.
const MOST = 500;
const ENOUGH = 50;
const OF_A_PROJECT = ['runs', 'charts'];

/** @param {string} placeholder @returns {Choices} */
function nothing(placeholder) {
  return { disabled: true, options: [], placeholder };
}

/**
 * Return the choices of a field. An error is shown, because an empty list would look as if there were no entries.
 * @param {string} listing
 * @param {Form} form
 * @param {string | undefined} searched
 * @returns {Promise<Choices>}
 */
async function choicesOf(listing, form, searched) {
  const { auth, projectId } = form;
  if (!auth) return nothing('Choose the connection first.');
  if (OF_A_PROJECT.includes(listing) && !projectId) return nothing('Choose the project first.');
  try {
    const wanted = folded(searched ?? '');
    const options = await found(listing, auth, projectId, wanted);
    return { disabled: false, options };
  } catch (error) {
    if (!(error instanceof HexError)) throw error;
    return nothing(sentenceOf(error));
  }
}

/**
 * @param {string} listing
 * @param {Auth} auth
 * @param {unknown} projectId
 * @param {string} wanted
 */
async function found(listing, auth, projectId, wanted) {
  const most = wanted ? ENOUGH : MOST;
  const fits = (/** @type {Choice} */ each) => folded(each.label).includes(wanted) || folded(each.value) === wanted;
  /** @type {Choice[]} */
  const options = [];
  for await (const page of pagesOf(listing, auth, projectId)) {
    options.push(...page.filter(fits));
    if (options.length >= most) break;
  }
  return options;
}

/**
 * Read a list page by page.
 * @param {string} listing
 * @param {Auth} auth
 * @param {unknown} projectId
 * @returns {AsyncGenerator<Choice[]>}
 */
async function* pagesOf(listing, auth, projectId) {
  if (listing === 'charts') {
    const { cells } = await ask(auth, 'hex_list_cells', { projectId, fetchAll: true, maxItems: MOST_CELLS });
    yield chartsAmong(cells).map((cell) => ({ label: cell.label ?? cell.staticId, value: cell.staticId }));
    return;
  }
  if (listing === 'runs') {
    for (let offset = 0, more = true; more && offset < MOST_RUNS; offset += PAGE) {
      const page = await ask(auth, 'hex_get_project_runs', { projectId, limit: PAGE, offset });
      yield page.runs.map((/** @type {any} */ run) => ({ label: runName(run), value: run.runId }));
      more = page.runs.length === PAGE;
    }
    return;
  }
  const { tool, entries, page: limit, name } = LISTINGS[listing];
  for (let after; after !== null; ) {
    const page = await ask(auth, tool, { limit, ...(after ? { after } : {}) });
    yield page[entries].map((/** @type {any} */ each) => ({ label: name(each), value: each.id }));
    after = page.after || null;
  }
}

/** @param {string} listing */
function sourceOf(listing) {
  return {
    auth: hexAuth,
    refreshers: OF_A_PROJECT.includes(listing) ? ['auth', 'projectId'] : ['auth'],
    refreshOnSearch: true,
    /** @param {Form} form @param {{ searchValue?: string }} context */
    options: (form, context) => choicesOf(listing, form, context?.searchValue),
  };
}

/**
 * Return a dropdown for one entry.
 * @param {string} listing
 * @param {Words} words
 */
function oneFrom(listing, words) {
  return Property.Dropdown({ ...words, ...sourceOf(listing) });
}

/**
 * Return a dropdown for several entries.
 * @param {string} listing
 * @param {Words} words
 */
function manyFrom(listing, words) {
  return Property.MultiSelectDropdown({ ...words, ...sourceOf(listing) });
}

module.exports = { manyFrom, oneFrom };
