'use strict';
/** The piece in its framework, with the contexts that Activepieces' engine would give: a line asks, a line tells. */

const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const readline = require('node:readline');

const [folder, database] = process.argv.slice(2);
const { hex } = require(`${folder}/src/index.js`);

/** What flows keep outlives this process, by flow and key; and the files that were written. */
const kept = existsSync(database) ? JSON.parse(readFileSync(database, 'utf8')) : {};
const written = [];

function storeOf(flow) {
  kept[flow] ??= {};
  const save = () => writeFileSync(database, JSON.stringify(kept));
  return {
    get: async (key) => (Object.hasOwn(kept[flow], key) ? JSON.parse(kept[flow][key]) : null),
    put: async (key, value) => {
      if (key.length > 128) throw new Error(`${key} is too long a key`);
      kept[flow][key] = JSON.stringify(value);
      save();
      return value;
    },
    delete: async (key) => {
      delete kept[flow][key];
      save();
    },
  };
}

const files = {
  write: async ({ fileName, data }) => {
    written.push({ fileName, bytes: data.length, head: data.subarray(0, 4).toString('latin1') });
    return `file://${written.length}/${fileName}`;
  },
};

function contextOf({ auth, props, flow = 'flow', run = 'run', step = 'step_1' }) {
  return {
    auth: { type: 'CUSTOM_AUTH', props: auth },
    propsValue: { auth, ...props },
    store: storeOf(flow),
    files,
    run: { id: run },
    step: { name: step },
    flows: { current: { id: flow, version: { id: 'version' } } },
  };
}

const COMMANDS = {
  action: (asked) => hex.getAction(asked.name).run(contextOf(asked)),
  trigger: (asked) => hex.getTrigger(asked.name)[asked.hook](contextOf(asked)),
  options: ({ action, trigger, prop, auth, form, search }) => {
    const owner = action ? hex.getAction(action) : hex.getTrigger(trigger);
    return owner.props[prop].options({ ...form, auth: auth && { props: auth } }, { searchValue: search });
  },
  validate: ({ auth }) => hex.auth.validate({ auth }),
  metadata: () => hex.metadata(),
  files: () => written.splice(0),
  kept: ({ flow }) => kept[flow] || {},
  keep: ({ flow, key, value }) => storeOf(flow).put(key, value),
};

async function run({ command, allowed, ...asked }) {
  process.env.HEX_BLOCKS_ALLOWED_HOSTS = (allowed || []).join(' ');
  try {
    return { result: (await COMMANDS[command](asked)) ?? null };
  } catch (error) {
    const { message, key, hint, runUrl, traceId } = error;
    return { error: { message, key, hint, runUrl, traceId } };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`@${JSON.stringify(await run(JSON.parse(line)))}\n`);
  }
}

main();
