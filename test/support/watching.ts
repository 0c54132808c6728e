import { setTimeout as sleep } from 'node:timers/promises';

/** Between two looks: a look takes the API server some milliseconds of a core that others need. */
const pauseMs = 20;

/** Looks again and again. Answers what ends that, and then tells all that was seen. */
export function watching<T>(look: () => Promise<T>): () => Promise<readonly T[]> {
  const end = new AbortController();
  const seen: T[] = [];
  const looking = (async () => {
    while (!end.signal.aborted) {
      seen.push(await look());
      await sleep(pauseMs);
    }
    return seen;
  })();
  return () => {
    end.abort();
    return looking;
  };
}
