/**
 * Runs work side by side. When one fails the others are told to stop, and only when all have ended does this: nothing goes on behind the caller's
 * back.
 * @param work given a signal that fires when `signal` does or when another one fails
 * @throws what failed first
 */
export async function together(
  work: readonly ((signal: AbortSignal) => Promise<unknown>)[],
  signal?: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  const results = await Promise.allSettled(
    work.map(async (start) => {
      try {
        await start(stop);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  if (results.some(({ status }) => status === 'rejected')) throw failed.signal.reason;
}
