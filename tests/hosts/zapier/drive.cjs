'use strict';
/** The app in Zapier's own tester: a line names what is to be run and its bundle, a line tells what came of it. */

const readline = require('node:readline');

const [folder] = process.argv.slice(2);
const app = require(folder);
const { createAppTester } = require(`${folder}/node_modules/zapier-platform-core`);

const test = createAppTester(app, { customStoreKey: 'tests' });

/** Return the function of the app that a path names, such as creates.run_project.operation.perform. */
function named(path) {
  return path.split('.').reduce((place, name) => place[name], app);
}

async function run({ method, bundle, allowed }) {
  process.env.HEX_BLOCKS_ALLOWED_HOSTS = allowed.join(' ');
  try {
    return { results: await test(named(method), bundle) };
  } catch (error) {
    return { error: { name: error.name, message: error.message } };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(`@${JSON.stringify(await run(JSON.parse(line)))}\n`);
  }
}

main();
