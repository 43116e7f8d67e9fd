'use strict';
/** A host of nothing but the exported files: it reads calls as lines of JSON and answers each with a line. */

const readline = require('node:readline');

const [folder, language, baseUrl] = process.argv.slice(2);
const { createCore, HexError } = require(`${folder}/core/core.js`);
const { allowedByEnvironment, clock, http } = require(`${folder}/core/node_host.js`);

const core = createCore(require(`${folder}/${language}.json`), { http, clock });
const connection = core.connect({
  apiKey: process.env.HEX_API_TOKEN,
  region: 'custom',
  baseUrl,
  allowedHosts: allowedByEnvironment(),
});

async function answer({ tool, inputs }) {
  const { title } = core.tool(tool);
  try {
    return { title, outputs: await core.call(tool, inputs, connection, { language }) };
  } catch (error) {
    if (!(error instanceof HexError)) throw error;
    return { title, error: error.key, said: error.said(language), hint: error.hint(language), run: error.values.runUrl };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await answer(JSON.parse(line))));
  }
}

main();
