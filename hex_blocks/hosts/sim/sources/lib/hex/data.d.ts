import type { Data } from './core/core.js'

/** The tools, and what the core reads beside them. */
export const data: Data
/** The language of this export. */
export const language: string
