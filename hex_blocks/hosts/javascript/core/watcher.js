'use strict';
/**
 * One watcher for any number of runs: a hundred per request, inside Hex's limits, fair between projects. Whoever
 * waits with a token shares its watcher; of those who wait, one at a time does the looking for all.
 */

const { HexError } = require('./errors');
const { getRun, isEnd, keepRecent, listRuns, usualOf } = require('./runs');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./runs').Run} Run
 * @typedef {import('./clock').Clock} Clock
 */

const SHORTEST_INTERVAL = 5;
const LONGEST_INTERVAL = 30;
// A run is looked at again after this part of its age; or of what is left of its usual time, and of how long it is
// overdue: near the expected end it is worth looking often.
const STRETCH = 1 / 60;
const STRETCH_BEFORE_END = 1 / 10;
// The limit group that looking counts in; so much of it may be spent on looking, the rest is for those who start.
const POLLING = 'hex-api';
const SHARE = 0.9;
const MOST_PER_SECOND = 1000;
// So many looks may follow each other at once after a quiet time.
const BURST = 2;
const PAGE = 100;
// The list is read on through so many pages that show nothing of what is followed, or one for each ten runs missing.
const EMPTY_PAGES = 2;
// What lies deeper is read run by run, so many at one look; the others come next.
const STRAYS = 10;
const POLL_PATIENCE = 20;
const TICK = 1;
const LEAST_WAIT = 0.001;
const WATCHER = Symbol('watcher');

/** A run that somebody waits for. */
class Followed {
  /** @param {Run} run @param {number} interval @param {number} now @param {number | null} usual */
  constructor(run, interval, now, usual) {
    this.projectId = run.projectId;
    this.runId = run.runId;
    this.interval = Math.max(SHORTEST_INTERVAL, interval);
    this.began = now;
    this.run = run;
    this.usual = usual;
    this.lookedAt = now;
    /** @type {HexError | null} what keeps us from hearing more */
    this.lastError = null;
    /** @type {HexError | null} */
    this.failed = null;
  }

  /** The last state known. */
  get status() {
    return String(this.run.status || 'PENDING');
  }

  /** Whether nothing more will come: the run has ended, or it cannot be read. */
  get ended() {
    return isEnd(this.status) || this.failed !== null;
  }

  /**
   * Return in how many seconds the run should be looked at again.
   * @param {number} now
   */
  wantedAfter(now) {
    const overdue = now - this.began - (this.usual || 0);
    const stretched = overdue > 0 ? overdue * STRETCH : -overdue * STRETCH_BEFORE_END;
    return Math.max(this.interval, Math.min(LONGEST_INTERVAL, stretched));
  }
}

/** The runs of one project that are followed, and when it is looked at next. */
class Project {
  /** @param {string} id @param {number} nextAt */
  constructor(id, nextAt) {
    this.id = id;
    this.nextAt = nextAt;
    /** @type {Map<string, Followed[]>} several may follow the same run */
    this.runs = new Map();
    // How many entries of the list had to be read to see all that is followed.
    this.depth = PAGE;
  }

  /** Name the runs that have not ended. */
  going() {
    const going = [...this.runs].filter(([, followed]) => followed.some((each) => !each.ended));
    return new Set(going.map(([runId]) => runId));
  }

  /** @param {Iterable<string>} runIds */
  followedOf(runIds) {
    return [...runIds].flatMap((runId) => this.runs.get(runId) || []);
  }
}

/** @param {ToolCall} call @returns {Watcher} */
function watcherOf(call) {
  const { shared } = call.api;
  if (!shared.has(WATCHER)) shared.set(WATCHER, new Watcher(call.clock, call.api.budget.perSecond(POLLING)));
  return shared.get(WATCHER);
}

/** Follows runs with one token. */
class Watcher {
  /** @param {Clock} clock @param {number} requestsPerSecond */
  constructor(clock, requestsPerSecond) {
    this.clock = clock;
    this.rate = Math.min(requestsPerSecond, MOST_PER_SECOND) * SHARE;
    /** @type {Map<string, Project>} */
    this.projects = new Map();
    this.looksLeft = BURST;
    this.countedAt = clock.monotonic();
    /** @type {Promise<void> | null} the look that is on its way */
    this.looking = null;
  }

  /**
   * Follow a run, given with its projectId and runId.
   * @param {Run} run
   * @param {number} interval
   * @param {{ atOnce?: boolean, usual?: number | null }} [options] atOnce: look now, not after a first interval
   */
  follow(run, interval, { atOnce = false, usual = null } = {}) {
    const now = this.clock.monotonic();
    const followed = new Followed(run, interval, now, usual);
    const first = atOnce ? now : now + followed.wantedAfter(now);
    const project = this.projects.get(followed.projectId) || new Project(followed.projectId, first);
    this.projects.set(project.id, project);
    project.runs.set(followed.runId, [...(project.runs.get(followed.runId) || []), followed]);
    project.nextAt = Math.min(project.nextAt, first);
    return followed;
  }

  /** @param {Followed} followed */
  leave(followed) {
    const project = this.projects.get(followed.projectId);
    if (!project) return;
    const others = (project.runs.get(followed.runId) || []).filter((each) => each !== followed);
    if (others.length) project.runs.set(followed.runId, others);
    else project.runs.delete(followed.runId);
    if (!project.runs.size) this.projects.delete(project.id);
  }

  /**
   * Wait until a run has ended, or until a moment of the monotonic clock.
   * @param {ToolCall} call
   * @param {Followed} followed
   * @param {number} until
   * @param {() => void} onTick called about every second, to show progress
   */
  async wait(call, followed, until, onTick) {
    let ticked = -TICK;
    while (!followed.ended && this.clock.monotonic() < until && !call.stopped) {
      const now = this.clock.monotonic();
      if (now - ticked >= TICK) {
        ticked = now;
        onTick();
      }
      if (this.looking) {
        await this.looking;
      } else {
        const look = this.look(call, until);
        // Who only waits for it is not told how it ends: whoever looks is.
        this.looking = look.catch(() => {});
        try {
          await look;
        } finally {
          this.looking = null;
        }
      }
    }
  }

  /**
   * Look at the project that is due longest, or let a moment pass if none is.
   * @param {ToolCall} call
   * @param {number} until
   */
  async look(call, until) {
    const waiting = [...this.projects.values()].filter((project) => project.going().size);
    const now = this.clock.monotonic();
    const project = waiting.sort((one, other) => one.nextAt - other.nextAt)[0];
    const due = project ? Math.max(project.nextAt, now + this.pause(now)) : now + TICK;
    if (!project || due > now) {
      await this.clock.wait(Math.max(LEAST_WAIT, Math.min(due - now, until - now, TICK)), call.stop);
      return;
    }
    const patience = Math.max(1, Math.min(POLL_PATIENCE, until - now));
    try {
      await this.read(call.quietly(patience), project);
    } catch (error) {
      if (isOfKind(error, 'busy', 'down')) {
        // It passes, or the waiter's own deadline ends it. The run goes on meanwhile.
        // What is short of time for this waiter need be no trouble for the others.
        this.postpone(project, error, patience === POLL_PATIENCE && !call.stopped);
      } else if (error instanceof HexError) {
        this.fail(project, error, project.going());
      } else {
        throw error;
      }
    }
  }

  /**
   * Return how long the looking has to rest, so that it takes no more than its share of Hex's limits.
   * @param {number} now
   */
  pause(now) {
    this.looksLeft = Math.min(BURST, this.looksLeft + (now - this.countedAt) * this.rate);
    this.countedAt = now;
    return this.looksLeft >= 1 ? 0 : (1 - this.looksLeft) / this.rate;
  }

  /** @param {ToolCall} call @param {Project} project */
  async read(call, project) {
    let missing = project.going();
    // A list costs a request for each page, and a run by itself costs one.
    if (missing.size > 1 + Math.floor((project.depth - 1) / PAGE)) {
      missing = await this.readList(call, project, missing);
    }
    for (const runId of longestUnseen(project, missing)) {
      if (call.stopped) break;
      await this.readStray(call, project, runId);
    }
    const now = this.clock.monotonic();
    const wanted = project.followedOf(project.going()).map((each) => each.wantedAfter(now));
    const next = wanted.length ? Math.min(...wanted) : LONGEST_INTERVAL;
    project.nextAt = now + (missing.size > STRAYS ? SHORTEST_INTERVAL : next);
  }

  /**
   * Read the project's list, newest first, until all that is followed was seen; return what was not.
   * @param {ToolCall} call
   * @param {Project} project
   * @param {Set<string>} going
   */
  async readList(call, project, going) {
    const missing = new Set(going);
    let [offset, deepest, empty] = [0, 0, 0];
    while (missing.size && empty < Math.max(EMPTY_PAGES, Math.floor(missing.size / 10)) && !call.stopped) {
      const limit = project.depth > offset ? Math.min(PAGE, project.depth - offset) : PAGE;
      this.looksLeft -= 1;
      const runs = await listRuns(call, project.id, limit, offset);
      if (offset === 0 && (runs.length || !runs.sent)) keepRecent(call.api, project.id, runs);
      empty += 1;
      runs.forEach((run, place) => {
        // A run whose state the list does not tell is asked for by itself.
        if (!run.status) return;
        if (missing.delete(run.runId)) [deepest, empty] = [offset + place + 1, 0];
        this.hear(call, project, run);
      });
      offset += limit;
      if (runs.sent < limit) break;
    }
    project.depth = Math.max(missing.size ? PAGE : 0, deepest + 10);
    return missing;
  }

  /** @param {ToolCall} call @param {Project} project @param {string} runId */
  async readStray(call, project, runId) {
    this.looksLeft -= 1;
    try {
      this.hear(call, project, await getRun(call, project.id, runId));
    } catch (error) {
      if (isOfKind(error, 'input', 'not_found')) {
        // This one run is gone; the others may be there.
        this.fail(project, error, [runId]);
      } else if (error instanceof HexError && error.key === 'not_hex') {
        // What cannot be read of one run is no reason to look at the others less.
        for (const followed of project.followedOf([runId])) {
          followed.lastError = error;
          followed.lookedAt = this.clock.monotonic();
        }
      } else {
        throw error;
      }
    }
  }

  /** @param {ToolCall} call @param {Project} project @param {Run} run */
  hear(call, project, run) {
    const usual = usualOf(call.api, project.id);
    for (const followed of project.followedOf([run.runId])) {
      followed.lookedAt = this.clock.monotonic();
      if (followed.ended) continue;
      followed.run = { ...followed.run, ...run };
      followed.usual = usual;
      followed.lastError = null;
    }
  }

  /** @param {Project} project @param {HexError} error @param {boolean} isError */
  postpone(project, error, isError) {
    const everybody = project.followedOf(project.runs.keys());
    if (isError) for (const followed of everybody) followed.lastError = error;
    const shortest = everybody.length ? Math.min(...everybody.map((each) => each.interval)) : SHORTEST_INTERVAL;
    project.nextAt = this.clock.monotonic() + Math.max(shortest, Number(error.values.seconds || 0));
  }

  /** @param {Project} project @param {HexError} error @param {Iterable<string>} runIds */
  fail(project, error, runIds) {
    for (const followed of project.followedOf(runIds)) if (!followed.ended) followed.failed = error;
  }
}

/** @param {Project} project @param {Set<string>} runIds */
function longestUnseen(project, runIds) {
  const seen = [...runIds]
    .filter((runId) => project.runs.has(runId))
    .map((runId) => ({ runId, at: Math.min(...project.followedOf([runId]).map((each) => each.lookedAt)) }));
  seen.sort((one, other) => one.at - other.at || (one.runId < other.runId ? -1 : 1));
  return seen.slice(0, STRAYS).map((each) => each.runId);
}

module.exports = { SHORTEST_INTERVAL, watcherOf };
