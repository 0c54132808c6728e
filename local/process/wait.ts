import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is not undefined.
 * @param timeoutMs after this the answer is undefined
 * @param everyMs pause between two questions
 * @throws the reason of `signal` when it fires; whatever `question` throws
 */
export async function until<T>(
  question: () => Promise<T | undefined>,
  { timeoutMs, everyMs = 50, signal }: { timeoutMs: number; everyMs?: number; signal?: AbortSignal | undefined },
): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    signal?.throwIfAborted();
    const answer = await question();
    if (answer !== undefined) return answer;
    if (performance.now() >= end) return undefined;
    await sleep(everyMs, undefined, signal ? { signal } : {});
  }
}
