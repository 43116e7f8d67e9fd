'use strict';
/** Runs the tool of an action. */

const { HexError } = require('../core/core');
const { BAD_ENDS } = require('../core/failures');
const { withFiles } = require('./files');
const { ask, core, sentenceOf, told } = require('./hex');
const { inputsOf } = require('./inputs');
const { once } = require('./starts');

/**
 * @typedef {import('./hex').Auth} Auth
 *
 * The part of a step's context that is used here.
 * @typedef {import('./starts').Step & {
 *   auth: any,
 *   propsValue: Record<string, any>,
 *   files: import('./files').Files,
 * }} Context
 */

/**
 * Run a tool with the form of a step.
 * @param {string} tool
 * @param {Context} context
 * @returns {Promise<Record<string, any>>}
 */
async function runTool(tool, context) {
  const inputs = inputsOf(core.tool(tool), context.propsValue);
  try {
    const run = (/** @type {Record<string, unknown>} */ given) => ask(context.auth, tool, given, context.store);
    const document = await once(context, tool, inputs, run);
    return await withFiles(document, context.files);
  } catch (error) {
    const end = endOf(error, context.propsValue.failOnRunError);
    if (end) return end;
    throw told(error);
  }
}

/**
 * Return the document for an error that does not fail the step: of a run that is still active, or of a failed run if
 * the step is set to return it. Null for all other errors.
 * @param {unknown} error
 * @param {unknown} failOnRunError
 */
function endOf(error, failOnRunError) {
  if (!(error instanceof HexError)) return null;
  const { projectId, runId, runUrl, runStatus, threadId, url, idempotencyKey } = error.values;
  if (error.key === 'run_timeout') {
    const key = idempotencyKey ? { idempotencyKey } : {};
    return { projectId, runId, runUrl, status: runStatus, ...key, message: sentenceOf(error) };
  }
  if (error.key === 'answer_timeout') return { threadId, url, status: 'RUNNING', message: sentenceOf(error) };
  if (!BAD_ENDS.includes(error.key) || failOnRunError !== false) return null;
  return { projectId, runId, runUrl, status: runStatus };
}

module.exports = { runTool };
