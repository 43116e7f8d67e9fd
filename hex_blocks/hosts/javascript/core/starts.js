'use strict';
/**
 * The starts that were sent from this process, so that one with the same key is not sent twice, and the run of a lost
 * answer can be told from the others'. A host that outlives its process brings a store of its own.
 *
 * @typedef {object} Start
 * @property {string} key
 * @property {string} baseUrl
 * @property {string} projectId
 * @property {boolean} lasting whether the key is the caller's, so that it is kept beyond this process
 * @property {string} fingerprint what the key stands for
 * @property {number} intendedAt seconds since the Unix epoch
 * @property {number | null} atHex the same by Hex's clock, where it is known
 * @property {string[] | null} after the newest runs there were before; null where nobody looked
 * @property {string | null} runId
 * @property {Record<string, any> | null} reply what Hex answered
 * @property {Record<string, any> | null} ended how its run ended, where that was waited for
 *
 * Where starts are kept beyond this process. What it is given is JSON.
 * @typedef {object} Store
 * @property {(key: string) => Start | null | undefined | Promise<Start | null | undefined>} read
 * @property {(key: string, start: Start | null) => unknown} write null forgets it
 */

const MOST = 2000;

class Starts {
  /** @param {Store | null} [store] */
  constructor(store = null) {
    this.store = store;
    /** @type {Map<string, Start>} */
    this.known = new Map();
    /** @type {Map<string, Promise<void>>} the turns of projects, one start at a time */
    this.turns = new Map();
  }

  /** @param {string} key @returns {Promise<Start | null>} */
  async find(key) {
    const known = this.known.get(key);
    if (known || !this.store) return known || null;
    const kept = await this.store.read(key);
    if (kept) this.known.set(key, kept);
    return kept || null;
  }

  /**
   * Write a start down, before it is sent and when its run is known.
   * @param {Start} start
   */
  async keep(start) {
    this.known.delete(start.key);
    this.known.set(start.key, start);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MOST) break;
      this.known.delete(oldest);
    }
    if (this.store && start.lasting) await this.store.write(start.key, start);
  }

  /** @param {string} key */
  async forget(key) {
    const known = this.known.get(key);
    this.known.delete(key);
    if (this.store && known && known.lasting) await this.store.write(key, null);
  }

  /**
   * Return the other starts of a project that have no run yet.
   * @param {Start} start
   */
  othersWithoutRun(start) {
    return [...this.known.values()].filter(
      (other) =>
        other.key !== start.key &&
        other.baseUrl === start.baseUrl &&
        other.projectId === start.projectId &&
        !other.runId,
    );
  }

  /** @param {string} baseUrl @returns {Set<string>} the runs that belong to a start */
  claimed(baseUrl) {
    const runs = [...this.known.values()].filter((start) => start.baseUrl === baseUrl && start.runId);
    return new Set(runs.map((start) => String(start.runId)));
  }

  /**
   * Do something while no other start of the same project is being sent.
   * @template T
   * @param {string} place the base URL and the project
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  async inTurn(place, work) {
    const before = this.turns.get(place) || Promise.resolve();
    const mine = before.then(work);
    const done = mine.then(
      () => {},
      () => {},
    );
    this.turns.set(place, done);
    try {
      return await mine;
    } finally {
      if (this.turns.get(place) === done) this.turns.delete(place);
    }
  }
}

module.exports = { Starts };
