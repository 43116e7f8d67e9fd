/** What Sim says of a tool, in our own words: the form of `apps/sim/tools/types.ts`, and stricter. */

export type HttpMethod = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH' | 'HEAD'

export type OutputType = 'string' | 'number' | 'boolean' | 'json' | 'file' | 'file[]' | 'array' | 'object'

export interface OutputProperty {
  type: OutputType
  description?: string
  optional?: boolean
  properties?: Record<string, OutputProperty>
  items?: {
    type: OutputType
    description?: string
    properties?: Record<string, OutputProperty>
  }
}

export type ParameterVisibility = 'user-or-llm' | 'user-only' | 'llm-only' | 'hidden'

export interface ItemSchema {
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, ItemSchema>>
  readonly required?: readonly string[]
}

export interface ToolParameter {
  type: 'string' | 'number' | 'boolean' | 'json' | 'array' | 'object' | 'file'
  required?: boolean
  visibility?: ParameterVisibility
  default?: string | number | boolean
  description?: string
  items?: ItemSchema
}

export interface ToolResponse {
  success: boolean
  output: Record<string, unknown>
  error?: string
}

export interface ToolConfig<P extends object = object, R extends ToolResponse = ToolResponse> {
  id: string
  name: string
  description: string
  version: string
  params: Record<string, ToolParameter>
  outputs?: Record<string, OutputProperty>
  request: {
    url: string | ((params: P) => string)
    method: HttpMethod | ((params: P) => HttpMethod)
    headers: (params: P) => Record<string, string>
    body?: (params: P) => Record<string, unknown> | string | FormData | undefined
  }
  transformResponse?: (response: Response, params?: P) => Promise<R>
  directExecution?: (params: P, signal?: AbortSignal) => Promise<ToolResponse>
  postProcess?: (
    result: R,
    params: P,
    executeTool: (toolId: string, params: Record<string, unknown>) => Promise<ToolResponse>
  ) => Promise<R>
}
