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
import { oneAfterTheOther, sentence } from '@/lib/hex/core/text.js'
import { language } from '@/lib/hex/data.js'
import { withFiles } from '@/lib/hex/pictures'
import type { HttpMethod, ToolResponse } from '@/tools/types'

// Sim ends a workflow of its smallest plan after 300 seconds: a wait is over before.
const USUAL_WAIT = 240
const WAITING = ['hex_run_and_wait', 'hex_wait_for_run', 'hex_ask']
// Tools that fail with how a run ended, which a workflow may want to look at itself.
const RAISING = ['hex_run_and_wait', 'hex_wait_for_run']
// The wait was over and what it was for goes on in Hex: no failure, but a state.
const CUT = ['run_timeout', 'interrupted', 'following_interrupted', 'answer_timeout', 'answer_interrupted']
const OF_THE_CONNECTION = ['apiKey', 'baseUrl']
// Sim's Hex block had this name for an input before.
const FORMER_NAMES: Record<string, Record<string, string>> = {
  hex_create_group: { userIds: 'memberUserIds' },
}

/** Return what runs a tool: its whole work, with waits, retries, further pages and sentences for failures. */
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
 * Return a tool's request as Sim's form has it, for what reads that and runs nothing. A tool that takes several
 * requests has its base URL here.
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

/** Return what makes a tool's outputs of Hex's answer to that request. */
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

/** Return a tool's own inputs among what Sim hands over, which is all that the block holds. */
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

/** Return what is known of a run, or of an agent's work, that is no failure; null for what is one. */
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
  const hint = oneAfterTheOther([
    sentence('The run keeps running in Hex: {runUrl}', language, { runUrl }),
    sentence('Keep waiting with hex_wait_for_run, or look with hex_get_run_status.', language, {}),
  ])
  return { projectId, runId, runUrl, status: runStatus ?? 'RUNNING', hint }
}

function isOff(value: unknown): boolean {
  return value === false || (typeof value === 'string' && value.trim().toLowerCase() === 'false')
}

/** Return a failure: in words for people, and in parts for workflows. */
function failed(error: HexError): ToolResponse {
  const failure = failureOf(error, language)
  const { key, hint, traceId, runUrl = null } = failure
  return { success: false, error: inOneLine(failure), output: { errorKey: key, hint, traceId, runUrl } }
}
