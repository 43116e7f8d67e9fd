/** Sim's record of what a poller has done, in memory: a key that is done is not done again, one that failed is. */

const done = new Map<string, unknown>()

export const pollingIdempotency = {
  async executeWithIdempotency<T>(provider: string, identifier: string, operation: () => Promise<T>): Promise<T> {
    const key = `${provider}:${identifier}`
    if (!done.has(key)) done.set(key, await operation())
    return done.get(key) as T
  },
}
