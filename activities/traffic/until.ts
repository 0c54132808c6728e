import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 20;

/**
 * Whether `holds` came true within `timeoutMs`. For conditions on what shared watches have in memory: asking every
 * 20 ms costs next to nothing, and one condition may then span several watches. Throws the reason of an abort.
 */
export async function until(holds: () => boolean, timeoutMs: number, signal: AbortSignal): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!holds()) {
    const leftMs = deadlineMs - Date.now();
    if (leftMs <= 0) return false;
    await sleep(Math.min(pollMs, leftMs), undefined, { signal });
  }
  signal.throwIfAborted();
  return true;
}
