import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../../../../activities/traffic/registries/pace.ts';

/** A clock that moves only when everybody sleeps. */
export interface VirtualClock extends Clock {
  /** Goes on until nobody sleeps any more. */
  run(): Promise<void>;
}

/** `lateness`: by how many ms timers are late, one after the other, again and again: whoever is due meanwhile wakes at the same moment. */
export function virtualClock(lateness: readonly number[] = [0]): VirtualClock {
  let nowMs = 0;
  let count = 0;
  const sleepers: { readonly atMs: number; readonly wake: () => void }[] = [];
  return {
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const late = lateness[count++ % lateness.length] ?? 0;
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
        sleepers.push({ atMs: nowMs + ms + late, wake: resolve });
      }),
    async run() {
      for (;;) {
        await settled();
        const [next, ...others] = sleepers.toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) return;
        sleepers.splice(0, Infinity, ...others);
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
      }
    },
  };
}
