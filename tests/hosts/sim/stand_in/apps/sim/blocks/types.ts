/** What Sim says of a block, in our own words: the form of `apps/sim/blocks/types.ts`, and stricter. */

import type { BlockIcon } from '@/components/icons'
import type { ToolResponse } from '@/tools/types'

// Sim's own are enumerations, which Node does not read as they stand.
export const IntegrationType = { Analytics: 'analytics', Other: 'other' } as const
export type IntegrationType = (typeof IntegrationType)[keyof typeof IntegrationType]
export const AuthMode = { OAuth: 'oauth', ApiKey: 'api_key', BotToken: 'bot_token' } as const
export type AuthMode = (typeof AuthMode)[keyof typeof AuthMode]

export type SubBlockType = 'short-input' | 'long-input' | 'dropdown' | 'combobox' | 'code' | 'switch' | 'text'
export type ValueType = 'string' | 'number' | 'boolean' | 'json' | 'array' | 'file' | 'file[]' | 'any'
type Plain = string | number | boolean

export interface Condition {
  field: string
  value: Plain | Plain[]
  not?: boolean
}

export interface SubBlockConfig {
  id: string
  title?: string
  type: SubBlockType
  mode?: 'basic' | 'advanced' | 'both' | 'trigger'
  required?: boolean | Condition
  condition?: Condition
  defaultValue?: Plain | unknown[]
  options?: { label: string; id: string }[]
  multiSelect?: boolean
  placeholder?: string
  password?: boolean
  description?: string
  hideFromPreview?: boolean
  language?: 'javascript' | 'json' | 'python'
  value?: (params: Record<string, unknown>) => string
  wandConfig?: {
    enabled: boolean
    prompt: string
    generationType?: 'json-object' | 'json-schema'
    placeholder?: string
    maintainHistory?: boolean
  }
}

export type Clause = string | { text: string; field: string; core?: boolean; after?: string }

export interface Output {
  type: ValueType
  description?: string
}

export interface BlockConfig<T extends ToolResponse = ToolResponse> {
  type: string
  name: string
  description: string
  longDescription?: string
  docsLink?: string
  category: 'blocks' | 'tools' | 'triggers'
  integrationType?: IntegrationType
  bgColor: string
  icon: BlockIcon
  authMode?: AuthMode
  triggerAllowed?: boolean
  canvasPresentation?: { defaultTitle: string; sentences: { byOperation: Record<string, Clause[]> } }
  subBlocks: SubBlockConfig[]
  tools: {
    access: string[]
    config?: {
      tool: (params: Record<string, unknown>) => string
      params?: (params: Record<string, unknown>) => Record<string, unknown>
    }
  }
  inputs: Record<string, { type: Exclude<ValueType, 'any' | 'file[]'>; description?: string }>
  outputs: Record<string, Output>
  triggers?: { enabled: boolean; available: string[] }
  /** The answer that the block's tools give. */
  readonly answers?: T
}

export interface BlockMeta {
  tags: readonly string[]
  url: string
  templates: readonly {
    icon: BlockIcon
    title: string
    prompt: string
    modules: readonly ('scheduled' | 'agent' | 'workflows' | 'tables' | 'files')[]
    category: 'operations' | 'engineering' | 'productivity' | 'marketing' | 'sales' | 'support'
    tags: readonly string[]
    alsoIntegrations?: readonly string[]
  }[]
  skills: readonly { name: string; description: string; content: string }[]
}
