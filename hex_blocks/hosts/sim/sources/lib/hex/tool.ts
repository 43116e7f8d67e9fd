import { connectionOf, core, isBlank } from '@/lib/hex/connection'
import type { ToolSpec, Values } from '@/lib/hex/core/core.js'
import {
  buildRequest,
  checkInputs,
  coerceReply,
  encodeQuery,
  HexError,
  selectOutputs,
} from '@/lib/hex/core/core.js'
import { BAD_ENDS, failureOf, inOneLine } from '@/lib/hex/core/failures.js'
import { joinSentences, sentence } from '@/lib/hex/core/text.js'
import { language } from '@/lib/hex/data.js'
import { withFiles } from '@/lib/hex/pictures'
import type { HttpMethod, ToolResponse } from '@/tools/types'

// On its smallest plan, Sim ends a workflow after 300 seconds, so a wait must end before.
const USUAL_WAIT = 240
const WAITING = ['hex_run_and_wait', 'hex_wait_for_run', 'hex_ask']
// Tools that throw an error if the run failed; a workflow may want to handle its status instead.
const RAISING = ['hex_run_and_wait', 'hex_wait_for_run']
// Errors that end a wait while the run or thread keeps running in Hex. The tool returns its state, not an error.
const CUT = ['run_timeout', 'interrupted', 'following_interrupted', 'answer_timeout', 'answer_interrupted']
const OF_THE_CONNECTION = ['apiKey', 'baseUrl']
// An earlier name of an input in Sim's Hex block.
const FORMER_NAMES: Record<string, Record<string, string>> = {
  hex_create_group: { userIds: 'memberUserIds' },
}

/** Return the function that runs a tool completely, with waits, retries, further pages and error messages. */
export function runOf(id: string): (params: object, signal?: AbortSignal) => Promise<ToolResponse> {
  return async (params, signal) => {
    const given: Values = { ...params }
    try {
      const options = { language, stop: signal ?? null }
      const document = await core.call(id, inputsOf(id, given), connectionOf(given), options)
      return { success: true, output: withFiles(document) }
    } catch (error) {
      if (!(error instanceof HexError)) throw error
      const state = stateOf(id, given, error)
      return state ? { success: true, output: state } : failed(error)
    }
  }
}

/**
 * Return the request of a tool in Sim's form, for code that reads requests without running tools. For a tool with
 * several requests, it is a request to the base URL.
 */
export function requestOf(id: string): {
  url: (params: object) => string
  method: HttpMethod
  headers: (params: object) => Record<string, string>
  body?: (params: object) => Values | undefined
} {
  const spec = core.tool(id)
  const isOne = spec.request !== undefined && spec.handler === undefined
  const hasBody = Object.values(spec.inputs).some((input) => input.in === 'body')
  return {
    url: (params) => addressOf(spec, isOne, { ...params }),
    method: isOne && spec.request ? spec.request.method : 'GET',
    headers: (params) => headersOf({ ...params }),
    ...(isOne && hasBody ? { body: (params: object) => partsOf(spec, { ...params }).body ?? undefined } : {}),
  }
}

/** Return the function that converts Hex's reply to the outputs of a tool. */
export function answerOf<R extends ToolResponse>(
  id: string
): (response: Response, params?: object) => Promise<R> {
  return async (response, params) => {
    const spec = core.tool(id)
    const content = await response.text()
    const { reply } = coerceReply(spec, content ? JSON.parse(content) : {})
    const inputs = checkInputs(spec, inputsOf(id, { ...params }))
    const made: ToolResponse = { success: true, output: withFiles(selectOutputs(spec, reply, inputs)) }
    return made as R
  }
}

function addressOf(spec: ToolSpec, isOne: boolean, params: Values): string {
  const base = connectionOf(params).baseUrlOf()
  if (!isOne) return base
  const { path, query } = partsOf(spec, params)
  const asked = encodeQuery(query)
  return base + path + (asked ? `?${asked}` : '')
}

function partsOf(spec: ToolSpec, params: Values): ReturnType<typeof buildRequest> {
  return buildRequest(spec, checkInputs(spec, inputsOf(spec.id, params)))
}

function headersOf(params: Values): Record<string, string> {
  connectionOf(params).api()
  return {
    Authorization: `Bearer ${String(params.apiKey).trim()}`,
    Accept: 'application/json',
    'Content-Type': 'application/json',
  }
}

/** Return the inputs of a tool from all values of the block. */
function inputsOf(id: string, params: Values): Values {
  const inputs: Values = {}
  for (const name of Object.keys(core.tool(id).inputs)) {
    if (OF_THE_CONNECTION.includes(name)) continue
    const former = FORMER_NAMES[id]?.[name]
    const value = former && isBlank(params[name]) ? params[former] : params[name]
    if (value !== undefined) inputs[name] = value
  }
  if (WAITING.includes(id) && isBlank(inputs.timeout)) inputs.timeout = USUAL_WAIT
  return inputs
}

/** Return the state of a run or thread for an error that does not fail the tool; null for all other errors. */
function stateOf(id: string, params: Values, error: HexError): Values | null {
  const { projectId, runId, runUrl, runStatus, threadId, url } = error.values
  if (BAD_ENDS.includes(error.key) && RAISING.includes(id) && isOff(params.failOnRunError)) {
    return { projectId, runId, runUrl, status: runStatus }
  }
  if (!CUT.includes(error.key)) return null
  if (threadId !== undefined) {
    const hint = sentence(
      'The agent is still working in Hex. Read its answer with hex_get_thread and the threadId {threadId}: {url}',
      language,
      { threadId, url }
    )
    return { threadId, url, status: 'RUNNING', hint }
  }
  const hint = joinSentences([
    sentence('The run keeps running in Hex: {runUrl}', language, { runUrl }),
    sentence('Keep waiting with hex_wait_for_run, or check with hex_get_run_status.', language, {}),
  ])
  return { projectId, runId, runUrl, status: runStatus ?? 'RUNNING', hint }
}

function isOff(value: unknown): boolean {
  return value === false || (typeof value === 'string' && value.trim().toLowerCase() === 'false')
}

/** Return the response for an error: its text for users, and its parts for workflows. */
function failed(error: HexError): ToolResponse {
  const failure = failureOf(error, language)
  const { key, hint, traceId, runUrl = null } = failure
  return { success: false, error: inOneLine(failure), output: { errorKey: key, hint, traceId, runUrl } }
}
