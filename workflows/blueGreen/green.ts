import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import { batchStop } from '../failure.ts';
import { phase } from '../forward.ts';
import { unpaused } from '../hold.ts';
import { heldRequest } from '../requests.ts';
import { isThrough, settled } from '../runBatch.ts';
import { type PodEntry, withBatch } from '../state.ts';
import { awaitReady } from './child.ts';
import { pointAt, previewsOf } from './requests.ts';

/** A pod that dies before it is ready has a successor; beyond this many rounds they never get there. */
const mostRounds = 5;

/**
 * The new pods beside the old, all of them, until they are ready and their checks have passed.
 * @throws Stop when they do not come, do not get ready in time, or fail a check
 */
export async function raise(book: Book, plan: PlanHead, pair: PlannedBlueGreen): Promise<void> {
  await unpaused(book);
  if (book.state.batches[0]?.state === 'done') return;
  phase(book, 'batch');
  const { writing } = clusterActivities(book.identity.target.cluster);
  const name = book.state.batches[0]?.name ?? '';
  book.set((state) => withBatch(state, 0, (batch) => ({ ...batch, state: 'running', startedAt: book.now })));
  for (let round = 1; ; round += 1) {
    const { pods } = await writing.green.executeWithOptions({ summary: 'bring the new pods beside the old' }, [
      { ...heldRequest(book, plan), since: book.now, timeoutMs: plan.readyTimeoutMs },
    ]);
    const entries = pods.map(({ images: _images, ...pod }): PodEntry => ({ ...pod, state: 'queued' }));
    book.set((state) => withBatch(state, 0, (batch) => ({ ...batch, pods: entries })));
    const some = pods.map(({ name: pod, uid, images }) => ({ name: pod, uid, images, wasReady: true }));
    const result = await awaitReady(book, plan, name, some);
    book.set((state) => withBatch(state, 0, (batch) => ({ ...settled(batch, result), endedAt: book.now })));
    if (!isThrough(result, 0)) throw batchStop(name, result);
    if (result.gone.length === 0 || round === mostRounds) break;
  }
  await pointAt(book, plan, 'green', previewsOf(pair), 'let the preview show the new pods', { first: true });
}
