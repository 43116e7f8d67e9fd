'use strict';
/** Starts of runs: when Activepieces retries a step, the run of the earlier attempt is searched for. */

const { HexError } = require('../core/core');
const { ENDED } = require('../core/failures');
const { digest, placeOf } = require('./hex');

/**
 * @typedef {Record<string, unknown>} Inputs
 * @typedef {object} Step
 * @property {{ id: string }} run
 * @property {{ name: string }} step
 * @property {import('./hex').Store} store
 */

const STARTS = ['hex_run_and_wait', 'hex_run_project', 'hex_run_notebook'];
// Errors after which the next attempt starts a new run.
const OVER = [...ENDED, 'run_timeout'];
let made = 0;

/** @returns {string} a key that no other start has */
function newKey() {
  made += 1;
  const parts = [Date.now(), made, Math.floor(Math.random() * 2 ** 40)];
  return `activepieces-${parts.map((part) => part.toString(36)).join('-')}`;
}

/**
 * Run a tool that may start a run, with a key that is the same for all attempts of the step.
 * @param {Step} context
 * @param {string} tool
 * @param {Inputs} inputs
 * @param {(inputs: Inputs) => Promise<Record<string, any>>} run
 */
async function once(context, tool, inputs, run) {
  if (!STARTS.includes(tool)) return run(inputs);
  const place = `hex_start_${digest([context.run.id, context.step.name, tool, inputs])}`;
  const key = (await context.store.get(place)) ?? newKey();
  const over = async () => {
    await context.store.delete(place);
    await context.store.delete(placeOf(key));
  };
  // The key is stored before the start, so that it is known even if the step is killed.
  await context.store.put(place, key);
  try {
    const document = await run({ ...inputs, idempotencyKey: key });
    // A loop may start the same run again.
    await over();
    return document;
  } catch (error) {
    const hasEnded = error instanceof HexError && OVER.includes(error.key);
    // The core removes a start from the store if it is certain that it started no run.
    if (hasEnded || !(await context.store.get(placeOf(key)))) await over();
    throw error;
  }
}

module.exports = { once };
