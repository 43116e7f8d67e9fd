import { pollingIdempotency } from '@/lib/core/idempotency/service'
import { connectionOf, core, isBlank } from '@/lib/hex/connection'
import type { Values } from '@/lib/hex/core/core.js'
import { failureOf, inOneLine } from '@/lib/hex/core/failures.js'
import { language } from '@/lib/hex/data.js'
import { resolveWebhookRecordProviderConfig } from '@/lib/webhooks/env-resolver'
import {
  getProviderConfig,
  type PollingProviderHandler,
  type PollWebhookContext,
} from '@/lib/webhooks/polling/types'
import {
  markWebhookFailed,
  markWebhookSuccess,
  updateWebhookProviderConfig,
} from '@/lib/webhooks/polling/utils'
import { processPolledWebhookEvent } from '@/lib/webhooks/processor'

// The maximum number of runs that are stored to be retried.
const MOST_UNTOLD = 500

type Run = Values & { runId: string }

/** The stored state of the trigger: the cursor, and the runs whose workflow could not be started yet. */
interface Place {
  cursor?: string
  untold: Run[]
}

interface TriggerConfig {
  triggerApiKey?: string
  triggerRegion?: string
  triggerBaseUrl?: string
  triggerProjectIds?: unknown
  triggerStatuses?: unknown
  hexPlace?: Place
}

/** Starts a workflow once for each run that has ended since the last poll. The first poll only stores the cursor. */
export const hexPollingHandler: PollingProviderHandler = {
  provider: 'hex',
  label: 'Hex',

  async pollWebhook(context: PollWebhookContext) {
    const { webhookData, requestId, logger } = context
    let place: Place
    try {
      place = await looked(context)
    } catch (error) {
      logger.error(`[${requestId}] ${inOneLine(failureOf(error, language))}`)
      await markWebhookFailed(webhookData.id, logger)
      return 'failure'
    }
    // The state is stored before the workflow starts, so that a run is retried, but not started twice, after a crash.
    await keep(context, place)
    const untold = await tellEach(context, place.untold)
    const dropped = untold.length - MOST_UNTOLD
    if (dropped > 0) logger.error(`[${requestId}] ${dropped} runs that no workflow took are given up.`)
    await keep(context, { ...place, untold: untold.slice(-MOST_UNTOLD) })
    if (untold.length) {
      await markWebhookFailed(webhookData.id, logger)
      return 'failure'
    }
    await markWebhookSuccess(webhookData.id, logger)
    return 'success'
  },
}

/** Read the projects, and return the new cursor with the ended runs, oldest end first. */
async function looked({ webhookData, workflowData }: PollWebhookContext): Promise<Place> {
  const { userId, workspaceId } = workflowData
  const resolved = await resolveWebhookRecordProviderConfig(webhookData, userId, workspaceId ?? undefined)
  const config = getProviderConfig<TriggerConfig>(resolved.providerConfig)
  const before = config.hexPlace ?? { untold: [] }
  const connection = connectionOf({
    apiKey: config.triggerApiKey,
    region: config.triggerRegion,
    // The form hides the base URL for other regions, but Sim still stores its value.
    baseUrl: isBlank(config.triggerRegion) || config.triggerRegion === 'custom' ? config.triggerBaseUrl : undefined,
  })
  const { triggerProjectIds: projectIds, triggerStatuses: statuses } = config
  const inputs = { projectIds, statuses, cursor: before.cursor }
  const watched = await core.call('hex_watch_runs', inputs, connection, { language })
  const ended = Array.isArray(watched.runs) ? watched.runs.filter(isRun) : []
  return { cursor: String(watched.cursor), untold: [...before.untold, ...ended] }
}

function isRun(value: unknown): value is Run {
  return typeof value === 'object' && value !== null && 'runId' in value && typeof value.runId === 'string'
}

async function keep({ webhookData, logger }: PollWebhookContext, hexPlace: Place): Promise<void> {
  await updateWebhookProviderConfig(webhookData.id, { hexPlace }, logger)
}

/** Start the workflow for each run. Return the runs for which it could not be started. */
async function tellEach(context: PollWebhookContext, runs: Run[]): Promise<Run[]> {
  const { webhookData, workflowData, requestId, logger } = context
  const untold: Run[] = []
  for (const run of runs) {
    try {
      await pollingIdempotency.executeWithIdempotency('hex', `${webhookData.id}:${run.runId}`, async () => {
        const payload = { ...run, timestamp: new Date().toISOString() }
        const started = await processPolledWebhookEvent(webhookData, workflowData, payload, requestId)
        if (!started.success) throw new Error(`${started.statusCode ?? ''} ${started.error ?? ''}`.trim())
        return { runId: run.runId }
      })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      logger.error(`[${requestId}] The workflow could not be started for run ${run.runId}: ${reason}`)
      untold.push(run)
    }
  }
  return untold
}
