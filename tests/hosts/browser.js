'use strict';
/**
 * Drives a browser: steps come as JSON on standard input, each with `go` to an address, `until` something holds, `run`
 * something, or `picture` it in a file. Tells what came of what was run, and what went wrong in the pages.
 */

const { spawn } = require('node:child_process');
const { mkdtempSync, readFileSync, existsSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const [chromium, language] = process.argv.slice(2);
const { before, steps } = JSON.parse(readFileSync(0, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'browser-'));
const browser = spawn(
  chromium,
  ['--headless=new', '--no-sandbox', '--disable-gpu', `--lang=${language}`, `--user-data-dir=${folder}`,
    '--window-size=1400,1000', '--remote-debugging-port=0', 'about:blank'],
  { stdio: 'ignore', env: { ...process.env, LANGUAGE: language } },
);

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function portOf() {
  const file = join(folder, 'DevToolsActivePort');
  while (!existsSync(file) || !readFileSync(file, 'utf8').includes('\n')) await sleep(50);
  return readFileSync(file, 'utf8').split('\n')[0];
}

async function main() {
  const port = await portOf();
  const pages = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const socket = new WebSocket(pages.find((each) => each.type === 'page').webSocketDebuggerUrl);
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const waiting = new Map();
  const errors = [];
  let sent = 0;
  socket.addEventListener('message', ({ data }) => {
    const said = JSON.parse(data);
    if (said.id) waiting.get(said.id)(said.result || said.error);
    else if (said.method === 'Runtime.exceptionThrown') errors.push(said.params.exceptionDetails.exception.description);
  });
  const ask = (method, params = {}) =>
    new Promise((resolve) => {
      sent += 1;
      waiting.set(sent, resolve);
      socket.send(JSON.stringify({ id: sent, method, params }));
    });
  const evaluate = async (expression) => {
    const found = await ask('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    if (found.exceptionDetails) throw new Error(found.exceptionDetails.exception.description);
    return found.result.value;
  };
  await ask('Runtime.enable');
  await ask('Page.enable');
  await ask('Page.addScriptToEvaluateOnNewDocument', { source: before || '' });
  const inPage = (work) =>
    evaluate(`(async () => { const sleep = (ms) => new Promise((go) => setTimeout(go, ms)); ${work} })()`);
  const outcomes = [];
  for (const step of steps) {
    if (step.go) await ask('Page.navigate', { url: step.go });
    if (step.until) while (!(await holds(step.until))) await sleep(200);
    if (step.run) outcomes.push(await inPage(step.run));
    if (step.picture) {
      const { data } = await ask('Page.captureScreenshot', { format: 'png' });
      writeFileSync(step.picture, Buffer.from(data, 'base64'));
    }
  }
  process.stdout.write(JSON.stringify({ outcomes, errors }));

  /** Whether something holds; not while a page is being left. */
  async function holds(expression) {
    const found = await ask('Runtime.evaluate', { expression: `Boolean(${expression})`, returnByValue: true });
    return Boolean(found.result && found.result.value);
  }
}

main().finally(() => browser.kill());
