'use strict';
/** Asks Hex's agent a question and waits for its answer. */

const { HexError } = require('./errors');
const { isObject } = require('./faults');

/**
 * @typedef {import('./tool_call').ToolCall} ToolCall
 * @typedef {Record<string, any>} Thread
 */

const TIMEOUT = 300;
// The pause between two reads of the thread begins with the poll interval and grows up to this.
const FIRST_PAUSE = 2;
const MAX_PAUSE = 10;
const GROWTH = 1.5;
// A thread may be idle for a moment after a prompt, so idle counts as an answer only after this time.
const SETTLE_SECONDS = 30;
const BUSY_SECONDS = 10;
const POLL_PATIENCE = 20;

/**
 * Ask in a new or existing thread, and return the agent's answer.
 * @param {ToolCall} call
 * @param {Record<string, any>} inputs
 */
async function ask(call, inputs) {
  const before = 'threadId' in inputs ? await threadToContinue(call, inputs.threadId) : null;
  const names = ['prompt', 'threadId', 'projectId'].filter((name) => name in inputs);
  const asked = Object.fromEntries(names.map((name) => [name, inputs[name]]));
  const sent = (await call.request(asked, before ? 'hex_continue_thread' : 'hex_create_thread')) || {};
  const thread = { threadId: inputs.threadId ?? null, url: null, ...sent };
  const answered = { ...thread, ...(await answerOf(call, thread, before && before.response, inputs)) };
  return { ...answered, ...partsOf(answered.response || []) };
}

/** @param {ToolCall} call @param {string} threadId @returns {Promise<Thread>} */
async function threadToContinue(call, threadId) {
  const thread = (await call.request({ threadId }, 'hex_get_thread')) || {};
  if (thread.status !== 'RUNNING') return thread;
  throw new HexError('thread_busy', {}, { seconds: BUSY_SECONDS, threadId, url: thread.url ?? null });
}

/**
 * Wait until a thread has been answered.
 * @param {ToolCall} call
 * @param {Thread} thread
 * @param {any} oldResponse
 * @param {Record<string, any>} inputs
 * @returns {Promise<Thread>}
 */
async function answerOf(call, thread, oldResponse, inputs) {
  const settledAt = call.clock.monotonic() + SETTLE_SECONDS;
  const old = JSON.stringify(oldResponse ?? null);
  let seenRunning = false;
  for await (const seen of polls(call, thread, inputs)) {
    const { response, status } = seen;
    if (status === 'ERROR') {
      const error = seen.error || {};
      throw failure(seen, 'agent_failed', { type: error.type, reason: error.message || '?' });
    }
    seenRunning = seenRunning || status === 'RUNNING';
    const isNew = seenRunning || (Array.isArray(response) && response.length && JSON.stringify(response) !== old);
    if (status === 'IDLE' && (isNew || call.clock.monotonic() >= settledAt)) {
      if (!isNew) call.warn('answer_unchanged');
      return seen;
    }
  }
  throw failure(thread, 'answer_timeout', { timeout: Math.round(inputs.timeout ?? TIMEOUT) });
}

/**
 * Yield a thread after each read until the timeout. Temporary errors of the network and of Hex are ignored.
 * @param {ToolCall} call
 * @param {Thread} thread
 * @param {Record<string, any>} inputs
 * @returns {AsyncGenerator<Thread>}
 */
async function* polls(call, thread, inputs) {
  const { clock } = call;
  const endsAt = clock.monotonic() + (inputs.timeout ?? TIMEOUT);
  let pause = inputs.pollInterval ?? FIRST_PAUSE;
  const longest = Math.max(pause, MAX_PAUSE);
  for (let left = endsAt - clock.monotonic(); left > 0; left = endsAt - clock.monotonic()) {
    const message = call.say("Waiting for the agent's answer");
    call.reportProgress({ message, status: thread.status, values: placeOf(thread) });
    if (await clock.wait(Math.min(pause, left), call.stop)) throw failure(thread, 'answer_interrupted');
    pause = Math.min(longest, pause * GROWTH);
    const patience = Math.max(1, Math.min(POLL_PATIENCE, endsAt - clock.monotonic()));
    try {
      const asked = { threadId: thread.threadId };
      const seen = await call.request(asked, 'hex_get_thread', { timing: { ...call.timing, patience } });
      Object.assign(thread, seen || {});
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      if (error.kind !== 'busy' && error.kind !== 'down')
        throw failure(thread, 'answer_unfollowed', { reason: error.phrase() });
      call.reportProgress({ message: error.said(call.language), values: { error: error.key, ...placeOf(thread) } });
      continue;
    }
    yield thread;
  }
}

/** @param {Thread} thread */
function placeOf(thread) {
  return { threadId: thread.threadId ?? null, url: thread.url ?? null };
}

/** @param {Thread} thread @param {string} key @param {Record<string, unknown>} [values] */
function failure(thread, key, values = {}) {
  return new HexError(key, {}, { ...placeOf(thread), ...values });
}

/**
 * Return the parts of an answer by type.
 * @param {any[]} response
 */
function partsOf(response) {
  const pieces = response.filter(isObject);
  const texts = pieces.filter((piece) => piece.type === 'text' && typeof piece.text === 'string');
  return {
    text: texts.map((piece) => piece.text).join('\n\n'),
    cells: pieces.filter((piece) => piece.type === 'cell'),
    projects: pieces.filter((piece) => piece.type === 'project'),
    tasks: pieces.filter((piece) => piece.type === 'task').map((piece) => piece.title ?? null),
  };
}

module.exports = { ask };
