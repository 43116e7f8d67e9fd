'use strict';
/** The lists of pickers in forms, by key: the tool that reads each list, and the label of an entry. */

/**
 * @typedef {Record<string, any>} Entry
 *
 * @typedef {object} Listing
 * @property {string} tool
 * @property {string} entries the output with the entries
 * @property {number} page the maximum number of entries of a page
 * @property {(entry: Entry) => string} name
 */

/** @type {Record<string, Listing>} */
const LISTINGS = {
  projects: {
    tool: 'hex_list_projects',
    entries: 'projects',
    page: 100,
    name: (each) => withOwner(each.title, each.owner?.email),
  },
  collections: {
    tool: 'hex_list_collections',
    entries: 'collections',
    page: 100,
    name: (each) => withOwner(each.name, each.creator?.email),
  },
  groups: {
    tool: 'hex_list_groups',
    entries: 'groups',
    page: 500,
    name: (each) => each.name ?? each.id,
  },
  users: {
    tool: 'hex_list_users',
    entries: 'users',
    page: 500,
    name: (each) => withOwner(each.name, each.email),
  },
  connections: {
    tool: 'hex_list_data_connections',
    entries: 'connections',
    page: 100,
    name: (each) => withOwner(each.name, each.type),
  },
  threads: {
    tool: 'hex_list_threads',
    entries: 'threads',
    page: 100,
    name: (each) => each.title ?? each.id,
  },
  topics: {
    tool: 'hex_list_topics',
    entries: 'topics',
    page: 100,
    name: (each) => each.name ?? each.id,
  },
  guides: {
    tool: 'hex_list_draft_guides',
    entries: 'guides',
    page: 100,
    name: (each) => each.filePath ?? each.id,
  },
};

/** @param {string | null} title @param {string | null | undefined} owner */
function withOwner(title, owner) {
  if (!title) return String(owner ?? title);
  return owner ? `${title} (${owner})` : title;
}

/**
 * Return a text for comparison, without differences of case and of Unicode form.
 * @param {string} text
 */
function folded(text) {
  return text.normalize('NFKC').toLowerCase().trim();
}

/**
 * Return the label of a run: its start time and status.
 * @param {Entry} run
 */
function runName(run) {
  const began = String(run.startTime ?? 'Not begun').replace(/^(.{10})T(.{5}).*$/, '$1 $2');
  const status = String(run.status ?? 'UNKNOWN').replaceAll('_', ' ').toLowerCase();
  return `${began} ${status}`;
}

module.exports = { LISTINGS, folded, runName };
