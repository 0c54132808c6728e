/** Something that tells when it may have changed: a shared watch. */
export interface Source {
  /** Calls `listener` after changes, until the function that it answers is called. */
  subscribe(listener: () => void): () => void;
}

/**
 * Whether `holds` came true within `timeoutMs`. For conditions on what the watches of `sources` have in memory: it is
 * asked again whenever one of them tells of a change. Throws the reason of an abort.
 */
export async function until(
  holds: () => boolean,
  timeoutMs: number,
  signal: AbortSignal,
  sources: readonly Source[],
): Promise<boolean> {
  const deadlineMs = Date.now() + timeoutMs;
  let wake: () => void = () => undefined;
  const told = () => wake();
  const leaves = sources.map((source) => source.subscribe(told));
  signal.addEventListener('abort', told);
  try {
    for (;;) {
      signal.throwIfAborted();
      if (holds()) return true;
      const leftMs = deadlineMs - Date.now();
      if (leftMs <= 0) return false;
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        wake = resolve;
        timer = setTimeout(resolve, leftMs);
      });
      clearTimeout(timer);
    }
  } finally {
    for (const leave of leaves) leave();
    signal.removeEventListener('abort', told);
  }
}
