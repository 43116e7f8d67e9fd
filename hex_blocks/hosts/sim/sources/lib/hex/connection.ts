import { credentialsOf } from '@/lib/hex/core/builder_connection.js'
import type { Connection, Core, Values } from '@/lib/hex/core/core.js'
import { createCore } from '@/lib/hex/core/core.js'
import { allowedByEnvironment, clock, http } from '@/lib/hex/core/node_host.js'
import { data } from '@/lib/hex/data.js'

// One for the whole process, so that calls with the same token share Hex's limits.
export const core: Core = createCore(data, { http, clock })

// What a form begins with says nothing of what somebody means by a base URL.
const FIRST_REGION = 'app'

/**
 * Return where a call goes: to the region that was chosen; with the first of the regions, which a form begins with, to
 * the base URL, if there is one. The token goes to
 * hosts under hex.tech, and to those that the operator names in HEX_BLOCKS_ALLOWED_HOSTS.
 */
export function connectionOf({ apiKey, region, baseUrl }: Values): Connection {
  const meant = !isBlank(baseUrl) && (isBlank(region) || region === FIRST_REGION) ? 'custom' : region
  const credentials = credentialsOf({ apiKey, region: meant, baseUrl })
  return core.connect({ ...credentials, allowedHosts: allowedByEnvironment() })
}

/** Whether a field of a form says nothing. */
export function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && !value.trim())
}
