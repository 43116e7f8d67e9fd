'use strict';
/**
 * Runs calls of the core for the tests, one per line of JSON on standard input, and answers with one line each. Time
 * passes only where the core waits, and chance is always in the middle.
 */

const readline = require('node:readline');

const folder = process.argv[2];
const { createCore, HexError } = require(`${folder}/core.js`);
const { http: overNetwork } = require(`${folder}/node_host.js`);
const { casefold, nearestLanguage } = require(`${folder}/text.js`);
const { formulaOf } = require(`${folder}/plurals.js`);
const { isDateTime } = require(`${folder}/dates.js`);
const { closeMatches } = require(`${folder}/matching.js`);
const { readYaml } = require(`${folder}/yaml.js`);
const { YamlFault } = require(`${folder}/yaml_scalars.js`);

let data = null;
const pending = [];
const lines = readline.createInterface({ input: process.stdin });

function write(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Ask the test for something and wait for its answer. */
function ask(question) {
  write(question);
  return new Promise((resolve) => pending.push(resolve));
}

/** A clock that stands still until somebody waits; with `shared` the test's own is driven. */
function drivenClock(start, shared, stopAfter) {
  let passed = 0;
  const stopper = new AbortController();
  const clock = {
    time: () => start + passed,
    monotonic: () => passed,
    wait: async (seconds, stop) => {
      if (stop && stop.aborted) return true;
      if (shared) await ask({ wait: Math.max(0, seconds) });
      passed += Math.max(0, seconds);
      if (passed >= stopAfter) stopper.abort();
      return Boolean(stop && stop.aborted);
    },
  };
  return { clock, stop: stopper.signal };
}

/** HTTP that answers as a script says, and notes what was asked. */
function scripted(script, asked) {
  const left = [...script];
  return async ({ method, url, headers, body }) => {
    asked.push({ method, url, body: noted(body), token: headers.Authorization });
    const reply = left.shift() || { status: 404, content: btoa('{"reason":"nothing more"}') };
    if (reply.fault) throw faultOf(reply.fault);
    return { status: reply.status, headers: reply.headers || {}, body: Buffer.from(reply.content, 'base64') };
  };
}

function noted(body) {
  if (body === null) return null;
  return typeof body === 'string' ? body : { bytes: body.length };
}

function faultOf(fault) {
  if (fault === 'timeout') return new DOMException('late', 'TimeoutError');
  const cause = Object.assign(new Error(fault), { code: fault });
  return Object.assign(new TypeError('fetch failed'), { cause });
}

async function call(task) {
  const asked = [];
  const { clock, stop } = drivenClock(task.time, task.shared, task.stopAfter ?? Infinity);
  const noting = async (request) => {
    asked.push({ method: request.method, url: request.url, body: noted(request.body) });
    return overNetwork(request);
  };
  const http = task.script ? scripted(task.script, asked) : noting;
  const core = createCore(data, { http, clock, random: () => 0.5, limits: task.limits });
  const connection = core.connect(task.connection);
  const outcomes = [];
  for (const inputs of task.calls) {
    // The cursor of the call before in its place.
    const { cursor } = inputs;
    if (cursor === '$cursor') inputs.cursor = outcomes.at(-1).outputs.cursor;
    try {
      const options = { language: task.language, stop };
      outcomes.push({ outputs: await core.call(task.tool, inputs, connection, options) });
    } catch (error) {
      if (!(error instanceof HexError)) throw error;
      outcomes.push({ error: error.document(task.language) });
    }
  }
  return { outcomes, asked, passed: clock.monotonic() };
}

const DEEDS = {
  load: (task) => {
    data = task.data;
    return {};
  },
  call,
  casefold: ({ texts }) => ({ folded: texts.map(casefold) }),
  formula: ({ formula, numbers }) => {
    try {
      return { forms: numbers.map(formulaOf(formula)) };
    } catch (error) {
      return { refused: error.message };
    }
  },
  hints: ({ key, name, counts, language }) => ({
    hints: counts.map((count) => new HexError(key, {}, { [name]: count }).hint(language)),
  }),
  yaml: ({ texts }) => ({ read: texts.map(yamlIn) }),
  nearest: ({ wanted }) => ({ found: wanted.map(nearestLanguage) }),
  dates: ({ texts }) => ({ good: texts.map(isDateTime) }),
  matches: ({ words, possible, cutoff }) => ({ found: words.map((word) => closeMatches(word, possible, 3, cutoff)) }),
};

/** Read YAML, or tell that it is refused. */
function yamlIn(text) {
  try {
    return { value: readYaml(text) };
  } catch (error) {
    if (!(error instanceof YamlFault)) throw error;
    return { refused: error.message };
  }
}

lines.on('line', async (line) => {
  const task = JSON.parse(line);
  if (task.answer) {
    pending.shift()(task.answer);
    return;
  }
  try {
    write({ done: await DEEDS[task.deed](task) });
  } catch (error) {
    write({ failed: error.stack });
  }
});
