/** Sim's list of triggers, with the one of Hex in it. */

import { hexRunFinishedTrigger } from '@/triggers/hex'
import type { TriggerConfig } from '@/triggers/types'

const TRIGGERS: Record<string, TriggerConfig> = { hex_run_finished: hexRunFinishedTrigger }

export function getTrigger(id: string): TriggerConfig {
  const found = TRIGGERS[id]
  if (!found) throw new Error(`Trigger not found: ${id}`)
  return found
}
