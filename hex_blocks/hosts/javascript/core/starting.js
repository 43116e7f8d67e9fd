'use strict';
/**
 * Starts runs, each only once as far as this process knows: if the reply to a start was lost, the run is searched for
 * in Hex's list before another one is started.
 */

const { HexError, notHex } = require('./errors');
const { phrase } = require('./text');
const { checkParameters } = require('./project_inputs');
const { blockingStarts, findLostRun, mayHaveStarted, secondsUntilClear, secondsUntilLost } = require('./recovering');
const { keepStarted, recentRuns, startReply } = require('./runs');
const { buildRequest } = require('./requests');
const { isOfKind } = require('./tool_call');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {import('./starts').Start} Start
 * @typedef {Record<string, any>} Inputs
 */

const PARAMETERS = ['inputParams', 'inputParamsJson'];
// Seconds between two checks for the outcome of another start in this process, and between two requests to Hex for it.
const RECORD_INTERVAL = 2;
const SEARCH_INTERVAL = 15;
let made = 0;

/**
 * Start a run of a project. This is the handler of hex_run_project and hex_run_notebook.
 * @param {ToolCall} call
 * @param {Inputs} inputs
 */
function runProject(call, inputs) {
  return start(call, inputs);
}

/**
 * Start a run of a project and return Hex's reply; for a key that was used before, return the earlier reply.
 * @param {ToolCall} call
 * @param {Inputs} inputs may include idempotencyKey
 * @param {{ toolId?: string, promised?: boolean, before?: () => Promise<unknown> }} [options] promised: whether the
 *   caller gave the key. before: called just before a run is started, but not if the key already has a run.
 * @returns {Promise<Record<string, any>>}
 */
async function start(call, inputs, { toolId, promised = true, before } = {}) {
  const { checkInputs, ...asked } = normalizedInputs(call, inputs);
  if (checkInputs && asked.inputParams) await checkParameters(call, asked.projectId, asked.inputParams);
  const key = asked.idempotencyKey;
  delete asked.idempotencyKey;
  if (asked.dryRun) {
    call.warn('nothing_ran');
    return (await call.request(asked, toolId)) || {};
  }
  const sending = buildRequest(toolId ? call.tool(toolId) : call.spec, asked);
  const intent = {
    key: key || newKey(call, 'call'),
    baseUrl: call.baseUrlOf(),
    projectId: asked.projectId,
    lasting: promised && Boolean(key),
    fingerprint: JSON.stringify(sorted([sending.path, sending.body])),
    intendedAt: 0,
    atHex: null,
    after: null,
    runId: null,
    reply: null,
    ended: null,
  };
  return new StartOnce(call, asked, intent, {
    toolId,
    keyed: Boolean(key),
    promised: promised && Boolean(key),
    before,
  }).run();
}

/**
 * Return a unique key.
 * @param {ToolCall} call
 * @param {string} kind
 */
function newKey(call, kind) {
  made += 1;
  const parts = [call.clock.time() * 1000, made, Math.random() * 2 ** 40];
  return `${kind}-${parts.map((part) => Math.floor(part).toString(36)).join('-')}`;
}

/** @param {ToolCall} call @param {Inputs} inputs */
function normalizedInputs(call, inputs) {
  // Users mean no parameters by an empty object; Hex would read it as given parameters.
  const asked = Object.fromEntries(
    Object.entries(inputs).filter(([name, value]) => !PARAMETERS.includes(name) || holdsAny(value)),
  );
  if ('updateCache' in asked) {
    const update = asked.updateCache;
    delete asked.updateCache;
    asked.updatePublishedResults ??= update;
    asked.useCachedSqlResults ??= !update;
    call.warn('update_cache_deprecated');
  }
  if (asked.updatePublishedResults && PARAMETERS.some((name) => name in asked)) call.warn('inputs_ignored');
  return asked;
}

/** @param {any} parameters */
function holdsAny(parameters) {
  const held = typeof parameters === 'string' ? JSON.parse(parameters) : parameters;
  return Object.keys(held).length > 0;
}

/** @param {any} value @returns {any} */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.keys(value)
    .sort()
    .map((name) => [name, sorted(value[name])]);
}

/** One start, which is sent at most once. */
class StartOnce {
  /**
   * @param {ToolCall} call
   * @param {Inputs} asked
   * @param {Start} intent
   * @param {{ toolId?: string, keyed: boolean, promised: boolean, before?: () => Promise<unknown> }} options
   */
  constructor(call, asked, intent, options) {
    this.call = call;
    this.asked = asked;
    this.intent = intent;
    this.options = options;
    /** @type {number | null} when the start was sent, by the monotonic clock */
    this.sentAt = null;
    this.until = call.clock.monotonic() + call.timing.patience;
  }

  /** Start the run, or return the reply of the key's earlier run. */
  async run() {
    const { call, intent } = this;
    return call.starts.inTurn(`${intent.baseUrl} ${intent.projectId}`, async () => {
      const earlier = this.options.promised ? await call.starts.find(intent.key) : null;
      if (earlier) {
        if (earlier.fingerprint !== intent.fingerprint) throw new HexError('key_reused', {}, { used: intent.key });
        const found = earlier.reply || (await this.searchUntilLost(earlier));
        if (found) return found;
      }
      if (this.options.before) await this.options.before();
      await this.waitForOthers();
      await this.noteNewest();
      const created = await this.send();
      keepStarted(call.api, intent.projectId, String(created.runId));
      return created;
    });
  }

  /** Store the newest runs before the start is sent, if it has a key by which it can be found later. */
  async noteNewest() {
    if (!this.options.keyed) return;
    this.intent.after = (await recentRuns(this.withRemainingPatience(), this.intent.projectId)).newest;
  }

  /**
   * Search for the run of an earlier start, until it is certain that Hex will not start it any more.
   * @param {Start} earlier
   */
  async searchUntilLost(earlier) {
    for (;;) {
      const found = await this.found(earlier, null);
      if (found) return found;
      const left = secondsUntilLost(earlier, this.timed());
      if (left <= 0) return null;
      await this.waitFor(
        left,
        SEARCH_INTERVAL,
        new HexError('start_pending', {}, { used: earlier.key, seconds: Math.ceil(left) }),
      );
    }
  }

  /** Wait until no run of another, different start can appear any more. */
  async waitForOthers() {
    for (;;) {
      const now = this.timed();
      const left = secondsUntilClear(now, blockingStarts(this.call, now));
      if (left <= 0) return;
      await this.waitFor(left, RECORD_INTERVAL, new HexError('project_busy', {}, { seconds: Math.ceil(left) }));
    }
  }

  /**
   * Wait for a part of the remaining time, and report it.
   * @param {number} left
   * @param {number} interval
   * @param {HexError} error thrown if the remaining time exceeds the call's patience
   */
  async waitFor(left, interval, error) {
    const { clock, timing, stop } = this.call;
    if (clock.monotonic() + left > this.until) throw error;
    if (timing.onWait) timing.onWait(left, error);
    if (await clock.wait(Math.min(left, interval), stop)) throw error;
  }

  /** Return the call with its remaining patience. */
  withRemainingPatience() {
    const patience = Math.max(0, this.until - this.call.clock.monotonic());
    return this.call.with({ timing: { ...this.call.timing, patience } });
  }

  async send() {
    const { call, intent } = this;
    let hasWaited = false;
    const onWait = (/** @type {number} */ seconds, /** @type {HexError} */ error) => {
      hasWaited = true;
      if (call.timing.onWait) call.timing.onWait(seconds, error);
    };
    const onSend = async () => {
      // After a wait, the newest runs may be outdated.
      if (hasWaited) await this.noteNewest();
      hasWaited = false;
      Object.assign(intent, this.timed());
      await call.starts.keep(intent);
      this.sentAt = call.clock.monotonic();
    };
    const timing = { ...this.withRemainingPatience().timing, onSend, onWait };
    let error;
    try {
      const created = (await call.request(this.asked, this.options.toolId, { timing })) || {};
      const fault = await this.faultOf(created);
      if (!fault) return created;
      error = notHex(call.api.host, fault);
    } catch (refused) {
      if (!(refused instanceof HexError)) throw refused;
      error = refused;
    }
    if (this.sentAt !== null && mayHaveStarted(error)) return this.recovered(error);
    await call.starts.forget(intent.key);
    throw error;
  }

  /**
   * Return the error if a reply does not belong to this start; otherwise store the run and return null.
   * @param {Record<string, any>} created
   */
  async faultOf(created) {
    const { call, intent } = this;
    if (!created.runId) return phrase('it accepted the start without returning a run ID');
    const { projectId } = created;
    if (projectId && typeof projectId === 'string' && projectId.toLowerCase() !== intent.projectId.toLowerCase()) {
      return phrase('it returned a run of another project');
    }
    if (call.starts.claimed(intent.baseUrl).has(created.runId)) {
      return phrase('it returned a run that belongs to another start');
    }
    intent.runId = created.runId;
    intent.reply = startReply(created, intent.baseUrl);
    await call.starts.keep(intent);
    return null;
  }

  /**
   * Find the run of this start after its reply was lost.
   * @param {HexError} error
   */
  async recovered(error) {
    let found;
    try {
      found = await this.found(this.intent, this.sentAt);
    } catch (failed) {
      if (isOfKind(failed, 'down', 'busy')) throw this.failed('start_unknown', error);
      if (!(failed instanceof HexError) || error.byHex || failed.status === null) throw failed;
      // A server that also refuses to list runs is not Hex. The next call with the key searches again.
      throw error;
    }
    if (!found) throw this.failed('start_lost', error);
    return found;
  }

  /** @param {string} key @param {HexError} error */
  failed(key, error) {
    const { status, traceId } = error;
    return new HexError(key, { status, traceId }, { reason: error.phrase(), used: this.intent.key });
  }

  /**
   * @param {Start} sent
   * @param {number | null} sentAt
   */
  async found(sent, sentAt) {
    const run = await findLostRun(this.call, sent, sentAt);
    if (!run) return null;
    this.call.warn('start_recovered');
    const reply = startReply(run, sent.baseUrl);
    await this.call.starts.keep({ ...sent, runId: run.runId, reply });
    return reply;
  }

  /** @returns {Start} */
  timed() {
    return { ...this.intent, intendedAt: this.call.clock.time(), atHex: this.call.api.timeAtHex() };
  }
}

module.exports = { newKey, runProject, start };
