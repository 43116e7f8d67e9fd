/** Say a sentence in a language, its places filled with values. */
export function sentence(
  english: string,
  language: string | null | undefined,
  values: Record<string, unknown>
): string
/** Join sentences as their language does. */
export function joinSentences(sentences: string[]): string
