'use strict';
/** Finds a project by its title, a URL of Hex, or its ID. */

const { isUuid } = require('./ids');
const { readList } = require('./lists');
const { closeMatches } = require('./matching');
const { casefold, quoted, strip, words } = require('./text');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {Record<string, any>} Project
 */

// The URL of a published app ends with the words of the title and 22 characters, which are not the project's ID.
const SLUG = /^(?:(.*)-)?[0-9A-Za-z]{22}$/u;
// In a URL, the project follows one of these path segments.
const BEFORE_PROJECT = ['hex', 'app'];
const MAX_PROJECTS = 1000;
const NEAREST = 3;

/**
 * Return all projects that match a title, a URL or an ID.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function findProject(call, inputs) {
  const query = strip(inputs.query);
  if (isUuid(query)) return { matches: await byId(call, query, 'id') };
  const named = namedInAddress(query);
  if (named && isUuid(named)) return { matches: await byId(call, named, 'url') };
  const slug = named ? SLUG.exec(named) : null;
  const projects = await allProjects(call, inputs);
  const wanted = slug ? spelt(slug[1] || '') : folded(query);
  const matches = slug ? byWords(projects, wanted) : byTitle(projects, wanted);
  if (!matches.length) warnNoMatch(call, wanted, projects);
  return { matches };
}

/** @param {ToolCall} call @param {string} projectId @param {string} matchedBy @returns {Promise<Project[]>} */
async function byId(call, projectId, matchedBy) {
  try {
    return [{ ...((await call.request({ projectId }, 'hex_get_project')) || {}), matchedBy }];
  } catch (error) {
    if (!isOfKind(error, 'not_found')) throw error;
    call.warn('no_such_project', { reason: error.said(call.language) });
    return [];
  }
}

/**
 * Return the part of a URL that names a project, an ID or a slug; empty if there is none.
 * @param {string} address
 */
function namedInAddress(address) {
  const parts = address.split(/[?#]/)[0].split('/').filter(Boolean).map(unquote);
  const after = parts.filter((_, place) => place > 0 && BEFORE_PROJECT.includes(parts[place - 1].toLowerCase()));
  return after.find((part) => isUuid(part) || SLUG.test(part)) || '';
}

/** @param {string} part */
function unquote(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    // An invalid escape is left unchanged.
    return part;
  }
}

/** @param {ToolCall} call @param {Record<string, any>} inputs @returns {Promise<Project[]>} */
async function allProjects(call, inputs) {
  const most = inputs.maxProjects ?? MAX_PROJECTS;
  const asked = { includeComponents: true, includeArchived: inputs.includeArchived ?? false };
  // If the list is cut at `most`, a more specific warning is given than that of `readList`.
  const listing = call.part('hex_list_projects', { warnings: [] });
  const listed = await readList(listing, { ...asked, fetchAll: true, maxItems: most });
  for (const warning of listing.warnings) {
    if (warning.warning === 'list_cut') call.warn('projects_unread', { count: most });
    else call.warnings.push(warning);
  }
  return listed.values || [];
}

/**
 * Return the projects with the title; if there are none, those whose title contains it.
 * @param {Project[]} projects
 * @param {string} wanted
 */
function byTitle(projects, wanted) {
  const same = projects.filter((project) => folded(titleOf(project)) === wanted);
  if (same.length) return marked(same, 'title');
  return marked(
    projects.filter((project) => folded(titleOf(project)).includes(wanted)),
    'part',
  );
}

/**
 * Return the projects whose title matches the words of a URL; if there are none, those with a similar title.
 * @param {Project[]} projects
 * @param {string} wanted
 */
function byWords(projects, wanted) {
  if (!wanted) return [];
  const same = projects.filter((project) => spelt(titleOf(project)) === wanted);
  if (same.length) return marked(same, 'url');
  // Long titles are cut in URLs.
  return marked(
    projects.filter((project) => ` ${spelt(titleOf(project))}`.includes(` ${wanted}`)),
    'part',
  );
}

/** @param {Project[]} projects @param {string} matchedBy */
function marked(projects, matchedBy) {
  return projects.map((project) => ({ ...project, matchedBy }));
}

/** @param {Project} project */
function titleOf(project) {
  return String(project.title || '');
}

/** @param {string} title */
function folded(title) {
  return words(casefold(title.normalize('NFKC'))).join(' ');
}

/**
 * Return a title in the form that is used in URLs: plain letters and digits.
 * @param {string} title
 */
function spelt(title) {
  const plain = title.normalize('NFKD').replace(/\p{Mn}/gu, '');
  return (casefold(plain).match(/[\p{L}\p{N}]+/gu) || []).join(' ');
}

/** @param {ToolCall} call @param {string} wanted @param {Project[]} projects */
function warnNoMatch(call, wanted, projects) {
  const titles = new Map(projects.map((project) => [folded(titleOf(project)), titleOf(project)]));
  const nearest = closeMatches(wanted, [...titles.keys()], NEAREST, 0.5).map((name) => titles.get(name) || '');
  const count = projects.length;
  if (!nearest.length) call.warn('no_project_found', { count });
  else call.warn('no_project_found_nearest', { count, nearest: nearest.map(quoted).join(', ') });
}

module.exports = { findProject };
