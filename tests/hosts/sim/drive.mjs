/**
 * Sim's way of a call, over the export and stand-ins for what it takes of Sim: a line of JSON asks, one that begins with `@` answers.
 *
 *     node drive.mjs FOLDER-OF-SIM SPEED
 */

import { existsSync, statSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'

const [folder, given] = process.argv.slice(2)
const speed = Number(given)
const ENDINGS = ['', '.ts', '/index.ts']

// Waits of many seconds are what is tested; a second of the tests is so many of them.
const [began, now] = [Date.now(), Date.now]
Date.now = () => began + (now() - began) * speed
const [origin, monotonic] = [performance.now(), performance.now.bind(performance)]
performance.now = () => origin + (monotonic() - origin) * speed
const later = setTimeout
globalThis.setTimeout = (work, milliseconds, ...more) => later(work, milliseconds / speed, ...more)

registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.startsWith('@/')) return next(specifier, context)
    const path = join(folder, 'apps/sim', specifier.slice(2))
    const found = ENDINGS.map((end) => path + end).find((file) => existsSync(file) && statSync(file).isFile())
    if (!found) throw new Error(`${specifier} is not there`)
    return { url: pathToFileURL(found).href, shortCircuit: true }
  },
})

const load = (path) => import(pathToFileURL(join(folder, 'apps/sim', path)).href)
const { hexTools } = await load('tools/hex/index.ts')
const { HexBlock, HexBlockMeta } = await load('blocks/blocks/hex.ts')
const { hexPollingHandler } = await load('lib/webhooks/polling/hex.ts')
const { table } = await load('lib/webhooks/polling/utils.ts')
const { variables } = await load('lib/webhooks/env-resolver.ts')
const { refusals, started } = await load('lib/webhooks/processor.ts')

/** What Sim does with a tool: check what is required, run it, make files of pictures, and tell a failure. */
async function executeTool(id, params, { signal, byRequest } = {}) {
  try {
    const tool = hexTools[id]
    if (!tool) throw new Error(`Tool not found: ${id}`)
    const given = { ...params }
    for (const [name, declared] of Object.entries(tool.params)) {
      const missing = given[name] === undefined || given[name] === null || given[name] === ''
      if (declared.required && declared.visibility === 'user-or-llm' && missing) throw new Error(`Missing: ${name}`)
    }
    let result = byRequest || !tool.directExecution ? await request(tool, given) : await tool.directExecution(given, signal)
    if (tool.postProcess && result.success) result = await tool.postProcess(result, given, executeTool)
    return { ...result, output: stored(tool, result.output) }
  } catch (error) {
    return { success: false, output: {}, error: error instanceof Error ? error.message : String(error) }
  }
}

async function request(tool, params) {
  const { url, method, headers, body } = tool.request
  const content = body?.(params)
  const asked = { method, headers: headers(params), redirect: 'manual' }
  if (content !== undefined) asked.body = typeof content === 'string' ? content : JSON.stringify(content)
  const response = await fetch(typeof url === 'function' ? url(params) : url, asked)
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return tool.transformResponse ? tool.transformResponse(response, params) : { success: true, output: await response.json() }
}

/** Sim stores what a tool declares as a file, and hands on where it lies. */
function stored(tool, output) {
  const kept = { ...output }
  for (const [name, declared] of Object.entries(tool.outputs)) {
    if (!['file', 'file[]'].includes(declared.type) || !kept[name]) continue
    kept[name] = declared.type === 'file' ? asUserFile(kept[name]) : kept[name].map(asUserFile)
  }
  return kept
}

function asUserFile({ name, mimeType, data }) {
  const content = Buffer.from(data, 'base64')
  return { name, type: mimeType, size: content.length, head: content.subarray(0, 4).toString('latin1') }
}

/** What Sim does with a block: hide what its conditions hide, add defaults, name the tool, change the parameters. */
async function runBlock(values, options) {
  const shown = HexBlock.subBlocks.filter((each) => each.mode !== 'trigger')
  const inputs = {}
  for (const field of shown) {
    const value = values[field.id] ?? (field.value ? field.value(values) : field.defaultValue)
    if (value !== undefined && (isShown(field.condition, values) || field.id in values)) inputs[field.id] = value
  }
  const tool = HexBlock.tools.config.tool(inputs)
  if (!HexBlock.tools.access.includes(tool)) throw new Error(`${tool} is not a tool of the block`)
  const given = { ...inputs, ...HexBlock.tools.config.params(inputs) }
  for (const [name, { type }] of Object.entries(HexBlock.inputs)) {
    if (['json', 'array'].includes(type) && typeof given[name] === 'string') given[name] = parsed(given[name])
  }
  return await executeTool(tool, given, options)
}

/** Sim keeps what it cannot read as JSON. */
function parsed(text) {
  try {
    return JSON.parse(text.trim())
  } catch {
    return text
  }
}

function isShown(condition, values) {
  if (!condition) return true
  const { field, value } = condition
  return [value].flat().includes(values[field])
}

async function poll(id) {
  const { config } = table.get(id)
  const logged = []
  const log = (...said) => logged.push(said.map(String).join(' '))
  const logger = { info: () => {}, warn: log, error: log }
  const before = started.length
  const outcome = await hexPollingHandler.pollWebhook({
    webhookData: { id, providerConfig: structuredClone(config) },
    workflowData: { id: 'workflow', userId: 'user', workspaceId: 'workspace' },
    requestId: 'request',
    logger,
  })
  return { outcome, told: started.slice(before), logged, failed: table.get(id).failed }
}

const deeds = {
  allow: ({ hosts }) => (process.env.HEX_BLOCKS_ALLOWED_HOSTS = hosts),
  block: () => ({ ...plain(HexBlock), meta: plain(HexBlockMeta) }),
  tools: () => plain(hexTools),
  execute: ({ tool, params, stopAfter, byRequest }) => {
    const signal = stopAfter === undefined ? undefined : AbortSignal.timeout(stopAfter)
    return executeTool(tool, params, { signal, byRequest })
  },
  runBlock: ({ values }) => runBlock(values),
  address: ({ tool, params }) => ({
    url: hexTools[tool].request.url(params),
    method: hexTools[tool].request.method,
    body: hexTools[tool].request.body?.(params) ?? null,
    headers: hexTools[tool].request.headers(params),
  }),
  webhook: ({ id, config }) => {
    table.set(id, { config, failed: 0 })
    return true
  },
  config: ({ id }) => table.get(id).config,
  variable: ({ name, value }) => Boolean(variables.set(name, value)),
  refuse: ({ count }) => (refusals.left = count),
  poll: ({ id }) => poll(id),
}

function plain(value) {
  return JSON.parse(JSON.stringify(value))
}

for await (const line of createInterface({ input: process.stdin })) {
  const { deed, ...task } = JSON.parse(line)
  let answer
  try {
    answer = { done: (await deeds[deed](task)) ?? null }
  } catch (error) {
    answer = { failed: String(error?.stack ?? error) }
  }
  process.stdout.write(`@${JSON.stringify(answer)}\n`)
}
