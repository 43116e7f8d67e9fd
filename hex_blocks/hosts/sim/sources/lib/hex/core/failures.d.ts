export interface Failure {
  key: string
  message: string
  hint: string | null
  traceId: string | null
  runUrl?: string
}

/** How a run may end badly, as the keys of its errors. */
export const BAD_ENDS: string[]

export function failureOf(error: unknown, language?: string | null): Failure
/** Return a failure as one line: sentence, hint, run page, then the key. */
export function inOneLine(failure: Failure): string
