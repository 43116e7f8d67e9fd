/** Sim's variables of a workspace, in whose place a saved form has their names. */

import type { WebhookRecord } from '@/lib/webhooks/polling/types'

export const variables = new Map<string, string>()

export async function resolveWebhookRecordProviderConfig<T extends WebhookRecord>(
  webhook: T,
  _userId: string,
  _workspaceId?: string
): Promise<T> {
  const text = JSON.stringify(webhook.providerConfig)
  const resolved = text.replace(/\{\{(\w+)\}\}/g, (whole, name: string) => variables.get(name) ?? whole)
  return { ...webhook, providerConfig: JSON.parse(resolved) }
}
