import type { Credentials, Values } from './core.js'

/** Return the credentials that a form holds: apiKey, region and baseUrl. */
export function credentialsOf(given: Values): Credentials
