/** Looks again and again. Answers what ends that, and then tells all that was seen. */
export function watching<T>(look: () => Promise<T>): () => Promise<readonly T[]> {
  const end = new AbortController();
  const seen: T[] = [];
  const looking = (async () => {
    while (!end.signal.aborted) seen.push(await look());
    return seen;
  })();
  return () => {
    end.abort();
    return looking;
  };
}
