'use strict';
/** What people pick from in a host's form, by its ID: which tool lists it, and how each entry is shown. */

/**
 * @typedef {Record<string, any>} Entry
 *
 * @typedef {object} Listing
 * @property {string} tool
 * @property {string} entries the output that holds them
 * @property {number} page how many entries a page has at most
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
 * Return a text as it is searched for, whatever the case and form of its letters.
 * @param {string} text
 */
function folded(text) {
  return text.normalize('NFKC').toLowerCase().trim();
}

/**
 * Return how a run is shown: when it began, and how it is doing.
 * @param {Entry} run
 */
function runName(run) {
  const began = String(run.startTime ?? 'Not begun').replace(/^(.{10})T(.{5}).*$/, '$1 $2');
  const status = String(run.status ?? 'UNKNOWN').replaceAll('_', ' ').toLowerCase();
  return `${began} ${status}`;
}

module.exports = { LISTINGS, folded, runName };
