/** Sim's table of webhooks, in memory: what a poller keeps in it, and how often it failed. */

import type { Logger } from '@/lib/webhooks/polling/types'

export const table = new Map<string, { config: Record<string, unknown>; failed: number }>()

function row(id: string) {
  const found = table.get(id)
  if (!found) throw new Error(`no webhook ${id}`)
  return found
}

export async function updateWebhookProviderConfig(
  webhookId: string,
  updates: Record<string, unknown>,
  _logger: Logger
): Promise<void> {
  // A column of JSON: what goes in comes out as JSON says it.
  Object.assign(row(webhookId).config, JSON.parse(JSON.stringify(updates)))
}

export async function markWebhookFailed(webhookId: string, _logger: Logger): Promise<void> {
  row(webhookId).failed += 1
}

export async function markWebhookSuccess(webhookId: string, _logger: Logger): Promise<void> {
  row(webhookId).failed = 0
}
