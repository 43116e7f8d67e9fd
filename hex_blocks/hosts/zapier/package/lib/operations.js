'use strict';
/** Runs actions and searches. */

const { folded } = require('../core/listings');
const { withFiles } = require('./charts');
const { call } = require('./hex');
const { inputsOf } = require('./inputs');

const RESULTS = 'hex_get_run_results';
// The maximum number of entries that a search reads.
const MOST = 10_000;

/** Return a document with an `id`, which Zapier requires. */
function withId(document) {
  const { project } = document;
  const own = ['id', 'runId', 'threadId', 'projectId'].map((name) => document[name]).find(Boolean);
  const id = own || (project && project.id);
  return id ? { id, ...document } : document;
}

function createOf(plan) {
  return async (z, bundle) => withId(await call(z, bundle, plan.tool, inputsOf(plan, bundle.inputData)));
}

function searchOf(plan) {
  const find = { document, entries, named }[plan.how];
  return async (z, bundle) => {
    try {
      return (await find(z, bundle, plan, inputsOf(plan, bundle.inputData))).map(withId);
    } catch (error) {
      // A search without results is not an error.
      if (isNotFound(error)) return [];
      throw error;
    }
  };
}

/** Return whether an error means that something was not found: the code of Zapier's error is the key. */
function isNotFound(error) {
  if (error.name !== 'AppError') return false;
  return ['not_found', 'run_project_unknown'].includes(JSON.parse(error.message).code);
}

async function document(z, bundle, plan, inputs) {
  if (plan.tool === RESULTS) return [await withFiles(z, bundle, inputs)];
  return [await call(z, bundle, plan.tool, inputs)];
}

async function entries(z, bundle, plan, inputs) {
  return (await call(z, bundle, plan.tool, inputs))[plan.entries];
}

/** Return the entries of a list whose field has the searched value, ignoring case. */
async function named(z, bundle, plan, inputs) {
  const wanted = folded(String(inputs[plan.by] ?? ''));
  if (!wanted) return [];
  const listed = await call(z, bundle, plan.tool, { fetchAll: true, maxItems: MOST });
  return listed[plan.entries].filter((each) => folded(String(each[plan.by] ?? '')) === wanted);
}

module.exports = { createOf, searchOf };
