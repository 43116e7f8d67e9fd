/** The tools of Hex, as far as this integration uses them. */

export type Values = Record<string, unknown>

export interface InputSpec {
  type: string
  in?: string
}

export interface ToolSpec {
  id: string
  handler?: string
  request?: { method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH'; path: string }
  inputs: Record<string, InputSpec>
}

export interface Data {
  version: string
  tools: Record<string, ToolSpec>
  helpers: Record<string, ToolSpec>
}

export interface HttpRequest {
  method: string
  url: string
  headers: Record<string, string>
  body: string | Uint8Array | null
  timeout: number
  stop: AbortSignal | null
}

export interface HttpReply {
  status: number
  headers: Values
  body: string | Uint8Array
}

export interface Host {
  http: (request: HttpRequest) => Promise<HttpReply>
  clock: Clock
  userAgent?: string
}

export interface Clock {
  time: () => number
  monotonic: () => number
  wait: (seconds: number, stop?: AbortSignal | null) => Promise<boolean>
}

export interface Credentials {
  apiKey: string
  region?: string
  baseUrl?: string
  allowedHosts?: string[]
  pinned?: boolean
}

export interface Connection {
  /** Return the base URL, checked; fails where a token may not go there. */
  baseUrlOf(given?: string | null): string
  /** Return what sends requests; fails where the token or the base URL cannot be used. */
  api(): object
}

export interface CallOptions {
  language?: string | null
  stop?: AbortSignal | null
}

export interface Core {
  tools: Record<string, ToolSpec>
  tool(id: string): ToolSpec
  connect(credentials: Credentials): Connection
  call(tool: string, inputs: Values, connection: Connection, options?: CallOptions): Promise<Values>
}

export class HexError extends Error {
  readonly key: string
  readonly kind: string
  readonly status: number | null
  readonly traceId: string | null
  readonly values: Values
}

export function createCore(data: Data, host: Host): Core
export function checkInputs(spec: ToolSpec, inputs: Values): Values
export function buildRequest(
  spec: ToolSpec,
  inputs: Values
): { path: string; query: Values; body: Values | null }
export function encodeQuery(query: Values): string
export function coerceReply(spec: ToolSpec, reply: unknown): { reply: unknown }
export function selectOutputs(spec: ToolSpec, reply: unknown, inputs: Values): Values
