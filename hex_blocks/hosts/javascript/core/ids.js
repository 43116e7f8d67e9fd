'use strict';
/** Reads IDs in the forms in which they are given: plain, without dashes, in quotes, or in URLs. */

const { MAX_SEARCHED, refuse } = require('./faults');
const { BLANK, lengthOf, phrase, stripOf } = require('./text');

const UUID = /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/;
// Characters around a copied ID.
const WRAPPED = '"\'`{}<>()[]\u201c\u201d\u2018\u2019\u00ab\u00bb.,;/\u200b\u2060\ufeff';
const UNDASHED = /^[0-9a-fA-F]{32}$/;
const LETTER = '[\\p{L}\\p{N}_]';
const ADDRESS = new RegExp(
  `^(https?://[^${BLANK}]+|[\\p{L}\\p{N}_-]+(\\.[\\p{L}\\p{N}_-]+)+(:\\p{Nd}+)?/[^${BLANK}]+)$`,
  'iu',
);
const APP_SLUG = /^(?:.*-)?[0-9A-Za-z]{22}$/u;
/** @type {Record<string, string>} */
const PATH_KINDS = {
  hex: 'project',
  app: 'project',
  project: 'project',
  projects: 'project',
  signed: 'project',
  run: 'run',
  runs: 'run',
  thread: 'thread',
  threads: 'thread',
  connection: 'data connection',
  connections: 'data connection',
  'data-connection': 'data connection',
  'data-connections': 'data connection',
  collection: 'collection',
  collections: 'collection',
  group: 'group',
  groups: 'group',
  user: 'user',
  users: 'user',
  cell: 'cell',
  cells: 'cell',
  'semantic-project': 'semantic project',
  'semantic-projects': 'semantic project',
};
/** @type {Record<string, string>} */
const QUERY_KINDS = { runid: 'run', projectid: 'project', threadid: 'thread', cellid: 'cell' };
// The kind of an ID, by the end of the input's name; the first match counts.
const KINDS = [
  ['semanticprojectid', 'semantic project'],
  ['projectid', 'project'],
  ['runid', 'run'],
  ['threadid', 'thread'],
  ['connectionid', 'data connection'],
  ['collectionid', 'collection'],
  ['groupid', 'group'],
  ['userid', 'user'],
  ['cellid', 'cell'],
];
/** @type {Record<string, import('./text').Phrase>} */
const KIND_NAMES = {
  project: phrase('a project'),
  run: phrase('a run'),
  thread: phrase('a thread'),
  'data connection': phrase('a data connection'),
  collection: phrase('a collection'),
  group: phrase('a group'),
  user: phrase('a user'),
  cell: phrase('a cell'),
  'semantic project': phrase('a semantic project'),
};

/** @param {string} value */
function isUuid(value) {
  return UUID.test(value);
}

/** @param {string} value */
function isAddress(value) {
  return ADDRESS.test(value);
}

/**
 * Return the kind of ID that an input has, from its name; empty if it is unknown.
 * @param {string} name
 */
function idKind(name) {
  let last = name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  last = last.endsWith('s[]') ? last.slice(0, -3) : last.replace(/\[\]$/, '');
  const found = KINDS.find(([end]) => last.endsWith(end));
  return found ? found[1] : '';
}

/**
 * Return the plain ID from a copied text: in quotes, without dashes, or a URL. Other text is returned unchanged.
 * @param {string} kind
 * @param {string} value
 */
function idIn(kind, value) {
  if (lengthOf(value) > MAX_SEARCHED * 4 || isUuid(value)) return value;
  let bare = stripOf(value, `${WRAPPED} `);
  bare = stripOf(bare.replace(/^urn:uuid:/iu, ''), `${WRAPPED} `);
  if (UNDASHED.test(bare)) {
    bare = [bare.slice(0, 8), bare.slice(8, 12), bare.slice(12, 16), bare.slice(16, 20), bare.slice(20)].join('-');
  }
  if (isUuid(bare)) return bare;
  if (!isAddress(bare)) return value;
  const { found, isApp } = idsIn(bare);
  if (found.has(kind)) return /** @type {string} */ (found.get(kind));
  // The last part of the URL counts, because the URL of a run contains its project too.
  const last = [...found.keys()].at(-1);
  if (last) throw refuse('address_of_other', bare, { other: KIND_NAMES[last] });
  if (isApp) throw refuse('address_of_app', bare);
  return value;
}

/**
 * Return the IDs in a URL by kind, and whether the URL ends with the slug of a published app.
 * @param {string} address
 */
function idsIn(address) {
  /** @type {Map<string, string>} */
  const found = new Map();
  let isApp = false;
  const split = splitAddress(address.includes('://') ? address : `https://${address}`);
  const parts = split.path.split('/').filter(Boolean);
  for (let place = 0; place + 1 < parts.length; place += 1) {
    const before = parts[place].toLowerCase();
    const kind = Object.hasOwn(PATH_KINDS, before) ? PATH_KINDS[before] : '';
    if (kind && isUuid(parts[place + 1])) found.set(kind, parts[place + 1]);
    isApp = isApp || (kind === 'project' && APP_SLUG.test(parts[place + 1]));
  }
  for (const pair of split.query.split('&')) {
    const [name, value] = decodedPair(pair);
    if (Object.hasOwn(QUERY_KINDS, name) && isUuid(value)) found.set(QUERY_KINDS[name], value);
  }
  return { found, isApp };
}

/**
 * Return the path and the query of a URL; empty if its host is not valid.
 * @param {string} address
 */
function splitAddress(address) {
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:/.exec(address);
  let rest = scheme ? address.slice(scheme[0].length) : address;
  if (rest.startsWith('//')) {
    const host = /** @type {RegExpExecArray} */ (/^[^/?#]*/.exec(rest.slice(2)))[0];
    if (!mayBeHost(host)) return { path: '', query: '' };
    rest = rest.slice(2 + host.length);
  }
  rest = rest.split('#')[0];
  const mark = rest.indexOf('?');
  return mark < 0 ? { path: rest, query: '' } : { path: rest.slice(0, mark), query: rest.slice(mark + 1) };
}

/** @param {string} host */
function mayBeHost(host) {
  if (host.includes('[') || host.includes(']')) return /^(?:[^[\]]*@)?\[[0-9a-fA-F:.]+\](?::\d*)?$/.test(host);
  const plain = host.replace(/[@:#?]/g, '');
  const normal = plain.normalize('NFKC');
  return plain === normal || !/[/?#@:]/.test(normal);
}

/**
 * @param {string} pair
 * @returns {[string, string]}
 */
function decodedPair(pair) {
  const sign = pair.indexOf('=');
  if (sign < 0) return ['', ''];
  return [decoded(pair.slice(0, sign)).toLowerCase(), decoded(pair.slice(sign + 1))];
}

/** @param {string} part */
function decoded(part) {
  try {
    return decodeURIComponent(part.replaceAll('+', ' '));
  } catch {
    // An invalid escape is neither a name nor an ID.
    return '';
  }
}

module.exports = { LETTER, idIn, idKind, isAddress, isUuid };
