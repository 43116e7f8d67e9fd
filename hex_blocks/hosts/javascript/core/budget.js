'use strict';
/**
 * Counts requests against Hex's rate limits, so that they wait instead of being refused. All requests of this process
 * with the same token to the same host are counted together; waiting requests are served in order of arrival.
 */

const { HexError } = require('./errors');

/**
 * @typedef {import('./clock').Clock} Clock
 * @typedef {{ closedKey: string, momentsKey: string, amount: number, seconds: number }} Window
 * @typedef {Record<string, [number, number][]>} Limits
 * @typedef {(seconds: number, error: HexError) => void} OnWait
 * @typedef {{ until: number, stop?: AbortSignal | null, onWait?: OnWait | null }} Patience
 */

const ALL = 'all';
// Hex counts a request when it arrives, and the first request of a window may have taken longer than the last.
const ARRIVAL_MARGIN = 1;
// Hex has no longer window, so longer waits are not accepted.
const MAX_CLOSED = 3600;
const MIN_WAIT = 0.001;

/** The counts on one clock: the times of requests, and until when windows are closed. */
class Counts {
  constructor() {
    /** @type {Map<string, number[]>} */
    this.moments = new Map();
    /** @type {Map<string, number>} */
    this.closed = new Map();
    /** @type {Map<string, object[]>} */
    this.lines = new Map();
    /** @type {Set<() => void>} */
    this.sleepers = new Set();
  }
}

/** @type {WeakMap<Clock, Counts>} */
const countsOf = new WeakMap();
// Tokens are replaced by numbers, so that nothing that is logged about a budget contains a token.
/** @type {Map<string, string>} */
const numbers = new Map();

/** The budget of requests for one token at one host. */
class Budget {
  /**
   * @param {string} host
   * @param {string} token
   * @param {Clock} clock
   * @param {Limits} limits by group: pairs of requests and seconds
   */
  constructor(host, token, clock, limits) {
    this.clock = clock;
    this.limits = limits;
    const whose = `${host} ${token}`;
    this.who = numbers.get(whose) || `${host} ${numbers.size + 1}`;
    numbers.set(whose, this.who);
    let counts = countsOf.get(clock);
    if (!counts) {
      counts = new Counts();
      countsOf.set(clock, counts);
    }
    this.counts = counts;
    /** @type {Map<string, Window[]>} */
    this.windows = new Map();
  }

  /**
   * Wait until a request of a group may be sent, and count it in its group and in the total.
   * @param {string | null | undefined} group
   * @param {Patience} patience
   */
  async take(group, { until, stop, onWait }) {
    const windows = this.windowsOf(group);
    const line = this.lineOf(group);
    if (!line.length && this.waitOf(windows, 0) <= 0) {
      this.count(windows);
      return;
    }
    const place = {};
    line.push(place);
    let told = false;
    try {
      for (;;) {
        const ahead = line.indexOf(place);
        const wait = this.waitOf(windows, ahead);
        if (wait <= 0 && !ahead) {
          this.count(windows);
          return;
        }
        const error = new HexError('budget_spent', {}, { seconds: Math.max(1, Math.ceil(wait)) });
        const now = this.clock.monotonic();
        if (now + wait > until || now >= until || (stop && stop.aborted)) throw error;
        if (onWait && wait > 0 && !(told && ahead)) {
          told = true;
          onWait(wait, error);
        }
        if (ahead) await this.untilMoved(stop);
        else {
          const stopped = await this.clock.wait(wait, stop);
          this.move();
          if (stopped) throw error;
        }
      }
    } finally {
      line.splice(line.indexOf(place), 1);
      this.move();
    }
  }

  /**
   * Wake the waiting requests, so that they check their position again.
   */
  move() {
    const sleepers = [...this.counts.sleepers];
    this.counts.sleepers.clear();
    for (const wake of sleepers) wake();
  }

  /** @param {AbortSignal | null | undefined} stop */
  async untilMoved(stop) {
    await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      const wake = () => {
        if (stop) stop.removeEventListener('abort', wake);
        this.counts.sleepers.delete(wake);
        resolve();
      };
      this.counts.sleepers.add(wake);
      if (stop) stop.addEventListener('abort', wake);
    });
  }

  /**
   * Return the average number of requests per second that a group allows.
   * @param {string} group
   */
  perSecond(group) {
    const rates = this.windowsOf(group)
      .filter((each) => each.amount)
      .map((each) => each.amount / each.seconds);
    return Math.min(...rates, Infinity);
  }

  /** Return how many requests could be sent now; null if there is no limit. */
  left() {
    const windows = this.windowsOf(null).filter((window) => window.amount);
    if (!windows.length) return null;
    const now = this.clock.monotonic();
    if (windows.some((window) => (this.counts.closed.get(window.closedKey) || 0) > now)) return 0;
    return Math.min(...windows.map((window) => Math.max(0, window.amount - this.current(window).length)));
  }

  /**
   * Close a group after a 429, or all requests if there is no group, until Hex accepts requests again.
   * @param {string | null | undefined} group
   * @param {number} seconds
   */
  refused(group, seconds) {
    const key = this.keyOf(group || ALL);
    const until = this.clock.monotonic() + Math.min(seconds, MAX_CLOSED);
    this.counts.closed.set(key, Math.max(this.counts.closed.get(key) || 0, until));
  }

  /** @param {string | null | undefined} group @returns {Window[]} */
  windowsOf(group) {
    const name = group && Object.hasOwn(this.limits, group) ? group : ALL;
    const known = this.windows.get(name);
    if (known) return known;
    const windows = name === ALL ? this.named(ALL) : [...this.named(name), ...this.named(ALL)];
    this.windows.set(name, windows);
    return windows;
  }

  /** @param {string} name @returns {Window[]} */
  named(name) {
    const pairs = this.limits[name];
    if (!pairs) return [];
    const closedKey = this.keyOf(name);
    if (!pairs.length) return [{ closedKey, momentsKey: '', amount: 0, seconds: 0 }];
    return pairs.map(([amount, given]) => {
      const seconds = given + ARRIVAL_MARGIN;
      return { closedKey, momentsKey: `${amount}/${seconds} ${closedKey}`, amount, seconds };
    });
  }

  /** @param {string} name */
  keyOf(name) {
    return `${name} ${this.who}`;
  }

  /** @param {string | null | undefined} group */
  lineOf(group) {
    const key = this.keyOf(group || '');
    const line = this.counts.lines.get(key) || [];
    this.counts.lines.set(key, line);
    return line;
  }

  /** @param {Window[]} windows @param {number} ahead how many others come first */
  waitOf(windows, ahead) {
    const now = this.clock.monotonic();
    return Math.max(0, ...windows.map((window) => this.waitOfOne(window, ahead, now)));
  }

  /** @param {Window} window @param {number} ahead @param {number} now */
  waitOfOne(window, ahead, now) {
    const closed = Math.max(0, (this.counts.closed.get(window.closedKey) || 0) - now);
    if (!window.amount) return closed;
    const moments = this.current(window);
    const missing = moments.length + ahead + 1 - window.amount;
    if (missing <= 0) return closed;
    // The waiting requests ahead fill further whole windows after the current one.
    const more = Math.floor((missing - 1) / window.amount);
    const place = (missing - 1) % window.amount;
    const freeAt = (place < moments.length ? moments[place] : now) + window.seconds * (more + 1);
    return Math.max(closed, freeAt - now, MIN_WAIT);
  }

  /** @param {Window[]} windows */
  count(windows) {
    for (const window of windows) if (window.amount) this.current(window).push(this.clock.monotonic());
  }

  /**
   * Return the times of the requests in a window, oldest first.
   * @param {Window} window
   */
  current(window) {
    const moments = this.counts.moments.get(window.momentsKey) || [];
    this.counts.moments.set(window.momentsKey, moments);
    const oldest = this.clock.monotonic() - window.seconds;
    while (moments.length && moments[0] <= oldest) moments.shift();
    return moments;
  }
}

module.exports = { ARRIVAL_MARGIN, Budget };
