'use strict';
/** Starts of runs: a step that Activepieces tries again looks for the run of the try before it. */

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
// After these the next try is a run of its own.
const OVER = [...ENDED, 'run_timeout'];
let made = 0;

/** @returns {string} a key that no other start has */
function newKey() {
  made += 1;
  const parts = [Date.now(), made, Math.floor(Math.random() * 2 ** 40)];
  return `activepieces-${parts.map((part) => part.toString(36)).join('-')}`;
}

/**
 * Run a tool that may start a run, under a key that is the same for all tries of the step.
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
  // It stands before the start, so that a step that was killed in it is known too.
  await context.store.put(place, key);
  try {
    const document = await run({ ...inputs, idempotencyKey: key });
    // A loop may start the same again.
    await over();
    return document;
  } catch (error) {
    const hasEnded = error instanceof HexError && OVER.includes(error.key);
    // The core takes away the record of a start that has surely come to nothing.
    if (hasEnded || !(await context.store.get(placeOf(key)))) await over();
    throw error;
  }
}

module.exports = { once };
