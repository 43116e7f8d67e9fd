/** What Sim says of a trigger, in our own words: the form of `apps/sim/triggers/types.ts`. */

import type { SubBlockConfig } from '@/blocks/types'
import type { BlockIcon } from '@/components/icons'

export interface TriggerOutput {
  type: string
  description?: string
}

export interface TriggerConfig {
  id: string
  name: string
  provider: string
  description: string
  version: string
  icon?: BlockIcon
  polling?: boolean
  subBlocks: SubBlockConfig[]
  outputs: Record<string, TriggerOutput>
}
