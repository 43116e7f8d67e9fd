'use strict';
/**
 * Follows any number of runs, with a hundred per request, within Hex's rate limits and fair between projects. All waits
 * with the same token share a watcher; one of the waits at a time sends the requests for all.
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
// The time until a run is read again, as a fraction of its age; near its expected end, as a fraction of the time until
// or since that end.
const STRETCH = 1 / 60;
const STRETCH_BEFORE_END = 1 / 10;
// The limit group of the watcher's requests, and the share of it that they may use; the rest is for other requests.
const POLLING = 'hex-api';
const SHARE = 0.9;
const MAX_PER_SECOND = 1000;
// How many requests may follow each other without a pause.
const BURST = 2;
const PAGE = 100;
// After how many pages without a followed run reading the list ends; more if many runs are missing.
const EMPTY_PAGES = 2;
// How many runs that were not in the pages read are then read one by one each time.
const STRAYS = 10;
const POLL_PATIENCE = 20;
const TICK = 1;
const MIN_WAIT = 0.001;
const WATCHER = Symbol('watcher');

/** A run that is being followed. */
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
    /** @type {HexError | null} the error after which the run can no longer be followed */
    this.lastError = null;
    /** @type {HexError | null} */
    this.failed = null;
  }

  /** The last known state. */
  get status() {
    return String(this.run.status || 'PENDING');
  }

  /** Whether following is over: the run has ended or cannot be read. */
  get ended() {
    return isEnd(this.status) || this.failed !== null;
  }

  /**
   * Return in how many seconds the run should be read again.
   * @param {number} now
   */
  wantedAfter(now) {
    const overdue = now - this.began - (this.usual || 0);
    const stretched = overdue > 0 ? overdue * STRETCH : -overdue * STRETCH_BEFORE_END;
    return Math.max(this.interval, Math.min(LONGEST_INTERVAL, stretched));
  }
}

/** The followed runs of one project, and when it is read next. */
class Project {
  /** @param {string} id @param {number} nextAt */
  constructor(id, nextAt) {
    this.id = id;
    this.nextAt = nextAt;
    /** @type {Map<string, Followed[]>} by run; several waits may follow the same run */
    this.runs = new Map();
    // How many entries of the list had to be read to find all followed runs.
    this.depth = PAGE;
  }

  /** Return the IDs of the runs that have not ended. */
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
    this.rate = Math.min(requestsPerSecond, MAX_PER_SECOND) * SHARE;
    /** @type {Map<string, Project>} */
    this.projects = new Map();
    this.looksLeft = BURST;
    this.countedAt = clock.monotonic();
    /** @type {Promise<void> | null} the current request */
    this.looking = null;
  }

  /**
   * Follow a run, given with its projectId and runId.
   * @param {Run} run
   * @param {number} interval
   * @param {{ atOnce?: boolean, usual?: number | null }} [options] atOnce: whether to read it at once
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
   * Wait until a run has ended, or until a time of the monotonic clock.
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
        // An error of the shared request is handled by the wait that sent it.
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
   * Read the project that is overdue most, or wait a moment if none is due.
   * @param {ToolCall} call
   * @param {number} until
   */
  async look(call, until) {
    const waiting = [...this.projects.values()].filter((project) => project.going().size);
    const now = this.clock.monotonic();
    const project = waiting.sort((one, other) => one.nextAt - other.nextAt)[0];
    const due = project ? Math.max(project.nextAt, now + this.pause(now)) : now + TICK;
    if (!project || due > now) {
      await this.clock.wait(Math.max(MIN_WAIT, Math.min(due - now, until - now, TICK)), call.stop);
      return;
    }
    const patience = Math.max(1, Math.min(POLL_PATIENCE, until - now));
    try {
      await this.read(call.quietly(patience), project);
    } catch (error) {
      if (isOfKind(error, 'busy', 'down')) {
        // A temporary error: the run keeps running, and the deadline of the wait limits the retries.
        // A lack of time of this wait does not concern the other waits.
        this.postpone(project, error, patience === POLL_PATIENCE && !call.stopped);
      } else if (error instanceof HexError) {
        this.fail(project, error, project.going());
      } else {
        throw error;
      }
    }
  }

  /**
   * Return how long the watcher must pause, so that it stays within its share of Hex's limits.
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
    // A list costs one request for each page, and a single run costs one.
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
   * Read the project's list, newest first, until all followed runs are found, and return those that were not found.
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
        // A run without a status in the list is read by itself.
        if (!run.status) return;
        if (missing.delete(run.runId)) [deepest, empty] = [offset + place + 1, 0];
        this.update(call, project, run);
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
      this.update(call, project, await getRun(call, project.id, runId));
    } catch (error) {
      if (isOfKind(error, 'input', 'not_found')) {
        // Only this run is gone; the others may exist.
        this.fail(project, error, [runId]);
      } else if (error instanceof HexError && error.key === 'not_hex') {
        // An error of a single run does not change how often the others are read.
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
  update(call, project, run) {
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
