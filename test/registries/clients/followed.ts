import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Fetches again and again until `signal` aborts, and returns after the first time. A fetch that fails changes nothing: all
 * clients go on with what they know. `everyMs`: after each, also a failed one.
 */
export async function fetching(fetchOnce: () => Promise<void>, everyMs: number, signal: AbortSignal): Promise<void> {
  await fetchOnce();
  void (async () => {
    while (!signal.aborted) {
      await sleep(everyMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await fetchOnce().catch(() => undefined);
    }
  })();
}
