'use strict';
/**
 * The starts of this process, so that a start with the same key is not sent twice, and the run of a lost reply can be
 * told from runs of other starts. A host can provide a store that keeps starts when the
 * process has ended.
 *
 * @typedef {object} Start
 * @property {string} key
 * @property {string} baseUrl
 * @property {string} projectId
 * @property {boolean} lasting whether the caller gave the key, so that the start is stored beyond this process
 * @property {string} fingerprint identifies the inputs that the key was used with
 * @property {number} intendedAt seconds since the Unix epoch
 * @property {number | null} atHex the same time by Hex's clock, if it is known
 * @property {string[] | null} after the newest runs before the start; null if they are unknown
 * @property {string | null} runId
 * @property {Record<string, any> | null} reply Hex's reply
 * @property {Record<string, any> | null} ended the end of the run, if it was waited for
 *
 * A store that keeps starts when the process has ended. Starts are JSON values.
 * @typedef {object} Store
 * @property {(key: string) => Start | null | undefined | Promise<Start | null | undefined>} read
 * @property {(key: string, start: Start | null) => unknown} write null removes it
 */

const MAX_STARTS = 2000;

class Starts {
  /** @param {Store | null} [store] */
  constructor(store = null) {
    this.store = store;
    /** @type {Map<string, Start>} */
    this.known = new Map();
    /** @type {Map<string, Promise<void>>} the last queued start of each project */
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
   * Store a start, before it is sent and when its run is known.
   * @param {Start} start
   */
  async keep(start) {
    this.known.delete(start.key);
    this.known.set(start.key, start);
    for (const oldest of this.known.keys()) {
      if (this.known.size <= MAX_STARTS) break;
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
   * Return the other starts of a project without a known run.
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

  /** @param {string} baseUrl @returns {Set<string>} the runs that belong to known starts */
  claimed(baseUrl) {
    const runs = [...this.known.values()].filter((start) => start.baseUrl === baseUrl && start.runId);
    return new Set(runs.map((start) => String(start.runId)));
  }

  /**
   * Call `work` while no other start of the same project is being sent.
   * @template T
   * @param {string} place the base URL and the project ID
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
