import { credentialsOf } from '@/lib/hex/core/builder_connection.js'
import type { Connection, Core, Values } from '@/lib/hex/core/core.js'
import { createCore } from '@/lib/hex/core/core.js'
import { allowedByEnvironment, clock, http } from '@/lib/hex/core/node_host.js'
import { data } from '@/lib/hex/data.js'

// One core for the whole process, so that calls with the same token share Hex's rate limits.
export const core: Core = createCore(data, { http, clock })

// The region that a form has by default does not override a given base URL.
const FIRST_REGION = 'app'

/**
 * Return the connection of a call: to the selected region, or to the base URL if there is one and the region is the
 * default of the form. The token may be sent to hosts under hex.tech, and to those that the operator allows in
 * HEX_BLOCKS_ALLOWED_HOSTS.
 */
export function connectionOf({ apiKey, region, baseUrl }: Values): Connection {
  const meant = !isBlank(baseUrl) && (isBlank(region) || region === FIRST_REGION) ? 'custom' : region
  const credentials = credentialsOf({ apiKey, region: meant, baseUrl })
  return core.connect({ ...credentials, allowedHosts: allowedByEnvironment() })
}

/** Return whether a field of a form is blank. */
export function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && !value.trim())
}
