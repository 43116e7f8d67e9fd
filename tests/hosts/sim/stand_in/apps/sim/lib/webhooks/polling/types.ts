/** What Sim says of a poller, in our own words: the form of `apps/sim/lib/webhooks/polling/types.ts`. */

export interface Logger {
  info(message: string, ...more: unknown[]): void
  warn(message: string, ...more: unknown[]): void
  error(message: string, ...more: unknown[]): void
}

export interface WebhookRecord {
  id: string
  providerConfig: unknown
}

export interface WorkflowRecord {
  id: string
  userId: string
  workspaceId: string | null
}

export interface PollWebhookContext {
  webhookData: WebhookRecord
  workflowData: WorkflowRecord
  requestId: string
  logger: Logger
}

export interface PollingProviderHandler {
  readonly provider: string
  readonly label: string
  pollWebhook(context: PollWebhookContext): Promise<'success' | 'failure' | 'skipped'>
}

export function getProviderConfig<T extends object>(providerConfig: unknown): T {
  return (providerConfig ?? {}) as T
}
