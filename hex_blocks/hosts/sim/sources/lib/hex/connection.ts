import { credentialsOf } from '@/lib/hex/core/builder_connection.js'
import type { Connection, Core, Values } from '@/lib/hex/core/core.js'
import { createCore } from '@/lib/hex/core/core.js'
import { allowedByEnvironment, clock, http } from '@/lib/hex/core/node_host.js'
import { data } from '@/lib/hex/data.js'

// One for the whole process, so that calls with the same token share Hex's limits.
export const core: Core = createCore(data, { http, clock })

/**
 * Return where a call goes. A base URL alone is one of region custom. The token goes to hosts under hex.tech, and to
 * those that the operator names in HEX_BLOCKS_ALLOWED_HOSTS.
 */
export function connectionOf({ apiKey, region, baseUrl }: Values): Connection {
  // A base URL that stands in the form is meant, whatever region the form began with.
  const meant = isBlank(baseUrl) ? region : 'custom'
  const credentials = credentialsOf({ apiKey, region: meant, baseUrl })
  return core.connect({ ...credentials, allowedHosts: allowedByEnvironment() })
}

/** Whether a field of a form says nothing. */
export function isBlank(value: unknown): boolean {
  return value === null || value === undefined || (typeof value === 'string' && !value.trim())
}
