'use strict';
/** What an action does: it runs its tool. */

const { HexError } = require('../core/core');
const { BAD_ENDS } = require('../core/failures');
const { withFiles } = require('./files');
const { ask, core, sentenceOf, told } = require('./hex');
const { inputsOf } = require('./inputs');
const { once } = require('./starts');

/**
 * @typedef {import('./hex').Auth} Auth
 *
 * What is used of a step's context.
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
 * Return the document of a call that did not come to its end and has not failed: a run that is waited for elsewhere, or
 * one that ended badly where that is wanted.
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
