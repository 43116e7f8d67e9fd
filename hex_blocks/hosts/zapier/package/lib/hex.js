'use strict';
/** Calls tools with the connection of a Zap, and converts errors to Zapier's. */

const app = require('../app.json');
const specs = require('../specs.json');
const { credentialsOf } = require('../core/builder_connection');
const { HexError, createCore, text } = require('../core/core');
const { failureOf, inOneLine } = require('../core/failures');
const { allowedByEnvironment, clock, http } = require('../core/node_host');

// Zapier ends a step after thirty seconds. If Hex requires a longer wait, Zapier retries the step later.
const STEP_MILLISECONDS = 26_000;
const TIMEOUT = 20;
const PATIENCE = 8;
const EXPIRED = ['token_refused', 'token_malformed', 'token_missing_in_builder'];

const core = createCore(specs, { http, clock, userAgent: `hex-blocks/${specs.version} (zapier)` });

/** @type {WeakMap<object, AbortSignal>} what ends the calls of a step, by its bundle */
const stops = new WeakMap();

/** Return one of the app's sentences in the language of the app. */
function say(english) {
  return text(english, app.language);
}

/** Run a tool. */
async function call(z, bundle, tool, inputs) {
  return run(z, () => {
    const connection = core.connect({ ...credentialsOf(bundle.authData), allowedHosts: allowedByEnvironment() });
    const stop = stops.get(bundle) || AbortSignal.timeout(STEP_MILLISECONDS);
    stops.set(bundle, stop);
    return core.call(tool, inputs, connection, { language: app.language, timeout: TIMEOUT, patience: PATIENCE, stop });
  });
}

/** Call `work`, and convert its errors to Zapier's. */
async function run(z, work) {
  try {
    return await work();
  } catch (error) {
    throw thrown(z, error);
  }
}

/**
 * Return the error of Zapier for an error: reconnect the account, retry the step later, or fail the step.
 */
function thrown(z, error) {
  if (!(error instanceof HexError)) return error;
  const said = inOneLine(failureOf(error, app.language));
  if (EXPIRED.includes(error.key)) return new z.errors.ExpiredAuthError(said);
  const { seconds, outcome } = error.values;
  if (error.kind === 'busy' && outcome === undefined && Number.isFinite(seconds)) {
    return new z.errors.ThrottledError(said, Math.max(1, Math.ceil(seconds)));
  }
  return new z.errors.Error(said, error.key, error.status || undefined);
}

module.exports = { call, core, run, say };
