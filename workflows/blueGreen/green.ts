import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { Share } from '../contract/blueGreen/activities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { batchStop } from '../failure.ts';
import { phase } from '../forward.ts';
import { unpaused } from '../hold.ts';
import { heldRequest } from '../requests.ts';
import { inRounds } from '../rounds.ts';
import { isThrough, settled } from '../runBatch.ts';
import { type PodEntry, withBatch } from '../state.ts';
import { awaitReady } from './child.ts';

/**
 * New pods beside the old, until there are as many as batch `index` asks for, ready, and with their checks passed. Those of
 * batches before it are left as they are.
 * @throws Stop when they do not come, do not get ready in time, or fail a check
 */
export async function raise(book: Book, plan: PlanHead, index: number, share: Share = {}): Promise<void> {
  await unpaused(book);
  if (book.state.batches[index]?.state === 'done') return;
  phase(book, 'batch');
  const { writing } = clusterActivities(book.identity.target.cluster);
  const name = book.state.batches[index]?.name ?? '';
  const there = new Set(book.state.batches.slice(0, index).flatMap(({ pods }) => pods.map(({ uid }) => uid)));
  book.set((state) => withBatch(state, index, (batch) => ({ ...batch, state: 'running', startedAt: book.now })));
  const result = await inRounds(async () => {
    const green = await writing.green.executeWithOptions({ summary: 'bring the new pods beside the old' }, [
      { ...heldRequest(book, plan), ...share, since: book.now, timeoutMs: plan.readyTimeoutMs },
    ]);
    const pods = green.pods.filter(({ uid }) => !there.has(uid));
    const entries = pods.map(({ images: _images, ...pod }): PodEntry => ({ ...pod, state: 'queued' }));
    book.set((state) => withBatch(state, index, (batch) => ({ ...batch, pods: entries })));
    const some = pods.map(({ name: pod, uid, images }) => ({ name: pod, uid, images, wasReady: true }));
    return awaitReady(book, plan, index, some);
  });
  book.set((state) => withBatch(state, index, (batch) => ({ ...settled(batch, result), endedAt: book.now })));
  if (!isThrough(result, 0)) throw batchStop(name, result);
}
