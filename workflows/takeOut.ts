import type { Book } from './book.ts';
import type { PlanHead } from './contract/plan.ts';
import type { PodState } from './contract/status.ts';
import { batchStop } from './failure.ts';
import { pump } from './partWay.ts';
import { openPods, prepare } from './prepare.ts';
import { isThrough, settled } from './runBatch.ts';
import { type BatchState, type PodEntry, withBatch } from './state.ts';

/**
 * Takes pods of batch `index` out of traffic, as in a release. `as`: their state afterwards, for they are not done with.
 * @throws Stop where one of them could not be
 */
export async function takeOut(
  book: Book,
  plan: PlanHead,
  index: number,
  part: readonly PodEntry[],
  as: PodState,
): Promise<void> {
  const batch = book.state.batches[index];
  if (batch === undefined) return;
  const { name } = batch;
  await prepare(book, plan, index, batch);
  const asked = new Set(part.map(({ uid }) => uid));
  const pods = openPods(book.state.batches[index]).filter(({ uid }) => asked.has(uid));
  const some = { name, pods, only: ['drain', 'silence'], doing: 'out of traffic', undo: false } as const;
  const result = await pump(book, plan, some, index);
  book.set((state) => withBatch(state, index, (entry) => markedOut(settled(entry, result), new Set(result.done), as)));
  if (!isThrough(result, 0)) throw batchStop(name, result);
}

/** A batch whose pods of these names are out of traffic. */
export const markedOut = (batch: BatchState, names: ReadonlySet<string>, as: PodState): BatchState => ({
  ...batch,
  state: 'running',
  pods: batch.pods.map((pod) => (names.has(pod.name) ? { ...pod, state: as, outOfTraffic: true } : pod)),
});
