'use strict';
/** Lists: one page, or page after page up to the end, none of the entries twice. */

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
 * Read one page of a list, or with fetchAll page after page, up to maxItems entries. Where Hex stops answering
 * midway, what was read is given with a warning.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 * @param {(entry: Entry) => boolean} [wanted] which entries to keep
 * @returns {Promise<any>} a reply like Hex's for one page, whose cursors lead before and behind all that was read
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
 * Say the whole order where order matters: to whoever sorts, and to pages that follow each other. Not every version
 * of Hex has the defaults that its document names.
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
    // A list that is read from its end has its later pages before its earlier ones.
    const ordered = (backwards ? [...this.pages].reverse() : this.pages).flat();
    const kept = wanted ? ordered.filter(wanted) : ordered;
    const first = this.first || {};
    return backwards ? merged(this.spec, this.last, first, kept) : merged(this.spec, first, this.last, kept);
  }

  /** Read a page; tell whether there is another one. */
  async nextPage() {
    const { call, spec } = this;
    // Never more than is still wanted: the cursor then leads exactly to what was not read.
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
 * Name the part of the reply that holds the entries.
 * @param {ToolSpec} spec
 */
function keyOf(spec) {
  const { items } = paging(spec);
  return spec.outputs[items].from || items;
}

/**
 * Name the output that leads to the next page.
 * @param {ToolSpec} spec
 */
function cursorOutput(spec) {
  const { next } = paging(spec);
  const found = Object.entries(spec.outputs).find(([name, output]) => (output.from || name) === next);
  return found ? found[0] : next;
}

/**
 * Return what makes an entry the same one when a list that changes shows it again.
 * @param {Entry} entry
 * @param {unknown} otherwise
 */
function identityOf(entry, otherwise) {
  for (const name of ['id', 'runId']) if (typeof entry[name] === 'string') return entry[name];
  return otherwise;
}

/**
 * Return what to ask for next; null at the end.
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
 * Return one page of all that was read: its cursors lead before the first and behind the last.
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
