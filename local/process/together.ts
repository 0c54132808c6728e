/**
 * Like Promise.all, but returns only when all are done, also when one failed: nothing goes on behind the caller's back.
 * @throws what the first failed one (in order) threw
 */
export async function together(work: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
