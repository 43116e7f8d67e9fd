'use strict';
/** Reads lists: one page, or all pages, without duplicate entries. */

const { HexError } = require('./errors');
const { isObject } = require('./faults');
const { at } = require('./outputs');
const { plural } = require('./plurals');

const ORDER = ['sortBy', 'sortDirection'];

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./spec').ToolSpec} ToolSpec
 * @typedef {import('./spec').Entry} Entry
 */

/**
 * Read one page of a list, or with fetchAll all pages up to maxItems entries. If a later page fails, the entries so far
 * are returned with a warning.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 * @param {(entry: Entry) => boolean} [wanted] returns whether to include an entry
 * @returns {Promise<any>} a reply like Hex's for one page, with cursors before the first and after the last entry
 */
async function readList(call, inputs, wanted) {
  const { spec } = call;
  const asked = inOrder(spec, inputs);
  if (!asked.fetchAll) {
    const page = await call.request(asked);
    return wanted ? { ...page, [keyOf(spec)]: page[keyOf(spec)].filter(wanted) } : page;
  }
  return new Reading(call, asked).toTheEnd(wanted);
}

/**
 * Return inputs with both sorting inputs set, if the list is sorted or has several pages: not every version of Hex has
 * the documented defaults.
 * @param {ToolSpec} spec
 * @param {Record<string, any>} inputs
 */
function inOrder(spec, inputs) {
  if (!inputs.fetchAll && !ORDER.some((name) => name in inputs)) return inputs;
  const named = ORDER.filter((name) => (spec.inputs[name]?.default ?? null) !== null);
  return { ...Object.fromEntries(named.map((name) => [name, spec.inputs[name].default])), ...inputs };
}

class Reading {
  /** @param {ToolCall} call @param {Record<string, any>} inputs */
  constructor(call, inputs) {
    this.call = call;
    this.spec = call.spec;
    this.most = inputs.maxItems || this.spec.inputs.maxItems.default;
    this.size = this.spec.inputs.limit.maximum || this.most;
    /** @type {Record<string, any>} */
    this.asked = { ...inputs };
    delete this.asked.fetchAll;
    delete this.asked.maxItems;
    /** @type {Entry[][]} */
    this.pages = [];
    /** @type {Set<unknown>} */
    this.read = new Set();
    /** @type {Entry | null} */
    this.first = null;
    /** @type {Entry} */
    this.last = {};
  }

  /** @param {((entry: Entry) => boolean) | undefined} wanted */
  async toTheEnd(wanted) {
    while (await this.nextPage());
    const backwards = paging(this.spec).after === 'before';
    // A list that is read backwards gets its pages in reverse order.
    const ordered = (backwards ? [...this.pages].reverse() : this.pages).flat();
    const kept = wanted ? ordered.filter(wanted) : ordered;
    const first = this.first || {};
    return backwards ? merged(this.spec, this.last, first, kept) : merged(this.spec, first, this.last, kept);
  }

  /** Read a page. Return whether there is another one. */
  async nextPage() {
    const { call, spec } = this;
    // No more entries than are still wanted, so that the cursor continues exactly after them.
    this.asked.limit = Math.min(this.size, this.most - this.read.size);
    let answer;
    try {
      answer = await call.requestClosely(this.asked);
    } catch (error) {
      if (!(error instanceof HexError) || !['busy', 'down'].includes(error.kind) || !this.read.size) throw error;
      call.warn('list_incomplete', { reason: error.said(call.language), count: this.read.size });
      return false;
    }
    this.last = answer.reply;
    this.first = this.first || this.last;
    const entries = this.last[keyOf(spec)];
    this.take(entries);
    const count = this.read.size;
    call.reportProgress({ message: call.say(plural('{count} entry read', '{count} entries read'), { count }), values: { count } });
    const following = followingOf(spec, this.last, this.asked, entries.length);
    if (!following) {
      const cursor = cursorOutput(spec);
      if (answer.missing.has(cursor) || answer.unread.has(cursor)) call.warn('list_end_unknown', { count });
      return false;
    }
    Object.assign(this.asked, following);
    if (count >= this.most) {
      call.warn('list_cut', { count: this.most });
      return false;
    }
    return true;
  }

  /** @param {Entry[]} entries */
  take(entries) {
    /** @type {Entry[]} */
    const page = [];
    for (const entry of entries) {
      const identity = identityOf(entry, this.read.size);
      if (this.read.has(identity)) continue;
      this.read.add(identity);
      page.push(entry);
    }
    this.pages.push(page);
  }
}

/** @param {ToolSpec} spec */
function paging(spec) {
  if (!spec.paging) throw new Error(`${spec.id} is no list`);
  return spec.paging;
}

/**
 * Return the name of the reply's field with the entries.
 * @param {ToolSpec} spec
 */
function keyOf(spec) {
  const { items } = paging(spec);
  return spec.outputs[items].from || items;
}

/**
 * Return the name of the output with the cursor of the next page.
 * @param {ToolSpec} spec
 */
function cursorOutput(spec) {
  const { next } = paging(spec);
  const found = Object.entries(spec.outputs).find(([name, output]) => (output.from || name) === next);
  return found ? found[0] : next;
}

/**
 * Return what identifies an entry, if a changing list returns it twice.
 * @param {Entry} entry
 * @param {unknown} otherwise
 */
function identityOf(entry, otherwise) {
  for (const name of ['id', 'runId']) if (typeof entry[name] === 'string') return entry[name];
  return otherwise;
}

/**
 * Return the inputs for the next page; null after the last one.
 * @param {ToolSpec} spec
 * @param {Entry} page
 * @param {Record<string, any>} asked
 * @param {number} count
 */
function followingOf(spec, page, asked, count) {
  const { style, next, after } = paging(spec);
  if (style === 'offset') return count && page.nextPage ? { offset: (asked.offset || 0) + count } : null;
  const cursor = at(page, next);
  return typeof cursor === 'string' && cursor && cursor !== asked[after] ? { [after]: cursor } : null;
}

/**
 * Return one reply with all entries, with the cursors of the first and the last page.
 * @param {ToolSpec} spec
 * @param {Entry} first
 * @param {Entry} last
 * @param {Entry[]} entries
 */
function merged(spec, first, last, entries) {
  /** @type {Entry} */
  const made = { ...last, [keyOf(spec)]: entries };
  if (isObject(last.pagination)) made.pagination = { ...last.pagination, before: at(first, 'pagination.before') };
  if ('previousPage' in first) made.previousPage = first.previousPage;
  return made;
}

module.exports = { readList };
