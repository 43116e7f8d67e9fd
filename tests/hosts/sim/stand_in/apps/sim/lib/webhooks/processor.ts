/** Sim's start of a workflow by a poller: it keeps what each was started with, and refuses where told to. */

import type { WebhookRecord, WorkflowRecord } from '@/lib/webhooks/polling/types'

export const started: unknown[] = []
export const refusals = { left: 0 }

export async function processPolledWebhookEvent(
  _webhook: WebhookRecord,
  _workflow: WorkflowRecord,
  body: object,
  _requestId: string
): Promise<{ success: boolean; statusCode?: number; error?: string }> {
  if (refusals.left > 0) {
    refusals.left -= 1
    return { success: false, statusCode: 429, error: 'Too many executions' }
  }
  started.push(body)
  return { success: true }
}
