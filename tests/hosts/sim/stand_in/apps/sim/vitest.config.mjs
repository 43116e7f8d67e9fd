/** What Sim's own settings do for its tests: `@` is the folder of the app. */

import { fileURLToPath } from 'node:url'

export default {
  resolve: { alias: { '@': fileURLToPath(new URL('.', import.meta.url)).replace(/\/$/, '') } },
  test: { environment: 'node', cache: false },
}
