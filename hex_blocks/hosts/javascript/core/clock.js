'use strict';
/**
 * The clock of the core. A host that must not use timers has its own, and tests use a driven one.
 *
 * @typedef {object} Clock
 * @property {() => number} time seconds since the Unix epoch
 * @property {() => number} monotonic seconds since some fixed time; never jumps
 * @property {(seconds: number, stop?: AbortSignal | null) => Promise<boolean>} wait waits for a time; returns early,
 *   with true, when `stop` is aborted
 */

/**
 * Return a clock that waits with a given function.
 * @param {(milliseconds: number) => Promise<unknown>} sleep
 * @returns {Clock}
 */
function clockOf(sleep) {
  return {
    time: () => Date.now() / 1000,
    monotonic: () => performance.now() / 1000,
    wait: async (seconds, stop) => {
      if (stop && stop.aborted) return true;
      const passed = sleep(Math.max(0, seconds * 1000));
      if (!stop) {
        await passed;
        return false;
      }
      /** @type {() => void} */
      let wake = () => {};
      const stopped = new Promise((resolve) => {
        wake = () => resolve(true);
        stop.addEventListener('abort', wake);
      });
      try {
        await Promise.race([passed, stopped]);
      } finally {
        stop.removeEventListener('abort', wake);
      }
      return stop.aborted;
    },
  };
}

module.exports = { clockOf };
