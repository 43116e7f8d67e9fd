'use strict';
/**
 * Hex's request limits, kept on this side so that requests wait their turn instead of being refused. All that runs in
 * this process with the same token on the same host counts together; who waits is served in the order of coming.
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
// A request is counted when it arrives, which may be later for the first of a window than for the last.
const ARRIVAL_MARGIN = 1;
// No window of Hex's is longer, so no refusal that is for longer is believed.
const LONGEST_CLOSED = 3600;
const LEAST_WAIT = 0.001;

/** What is counted on one clock: the moments of requests, and what is closed until when. */
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
// Tokens are counted under numbers, so that nothing that is shown or logged of a budget holds one.
/** @type {Map<string, string>} */
const numbers = new Map();

/** What one token may ask of one host, and when. */
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
   * Wait for the turn of one request of a group, counted in the whole as well.
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
   * Let those who stand behind others look again.
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
   * Return how many requests a second are taken of a group in the long run.
   * @param {string} group
   */
  perSecond(group) {
    const rates = this.windowsOf(group)
      .filter((each) => each.amount)
      .map((each) => each.amount / each.seconds);
    return Math.min(...rates, Infinity);
  }

  /** Return how many requests could be sent now; null where none are counted. */
  left() {
    const windows = this.windowsOf(null).filter((window) => window.amount);
    if (!windows.length) return null;
    const now = this.clock.monotonic();
    if (windows.some((window) => (this.counts.closed.get(window.closedKey) || 0) > now)) return 0;
    return Math.min(...windows.map((window) => Math.max(0, window.amount - this.current(window).length)));
  }

  /**
   * Learn from a 429: close the group, or where there is none the whole, until Hex takes requests again.
   * @param {string | null | undefined} group
   * @param {number} seconds
   */
  refused(group, seconds) {
    const key = this.keyOf(group || ALL);
    const until = this.clock.monotonic() + Math.min(seconds, LONGEST_CLOSED);
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
    // Those ahead fill whole windows more once what is counted now has passed.
    const more = Math.floor((missing - 1) / window.amount);
    const place = (missing - 1) % window.amount;
    const freeAt = (place < moments.length ? moments[place] : now) + window.seconds * (more + 1);
    return Math.max(closed, freeAt - now, LEAST_WAIT);
  }

  /** @param {Window[]} windows */
  count(windows) {
    for (const window of windows) if (window.amount) this.current(window).push(this.clock.monotonic());
  }

  /**
   * Return the moments of the requests in a window, oldest first.
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
