import type { Clock, Host } from './core.js'

export const http: Host['http']
export const clock: Clock
/** Return what HEX_BLOCKS_ALLOWED_HOSTS allows beyond hex.tech. */
export function allowedByEnvironment(): string[]
