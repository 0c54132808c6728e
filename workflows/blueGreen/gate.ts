import { CancellationScope } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { Side } from '../contract/blueGreen/activities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { closeGate, openGate } from '../gate.ts';
import { unpaused } from '../hold.ts';
import { heldRequest } from '../requests.ts';
import { previewsOf } from './requests.ts';

/**
 * Waits at the gate of batch `index`. Meanwhile the new pods follow the number of the workload, and it is seen when
 * somebody else changes what callers or pods come from. @throws Stop, WORKLOAD_CHANGED, POD_FAILED
 */
export async function passGuarded(
  book: Book,
  plan: PlanHead,
  index: number,
  side: Exclude<Side, 'both'>,
): Promise<void> {
  const batch = book.state.batches[index];
  if (batch === undefined) return;
  const { bakeMs, approval } = batch.gate;
  const waits = new CancellationScope();
  const gate = waits.run(() => openGate(book, plan, batch));
  const watch = new CancellationScope();
  const guard = bakeMs > 0 || approval !== undefined ? watch.run(() => keepGuard(book, plan, side)) : gate;
  try {
    await Promise.race([gate, guard]);
  } finally {
    waits.cancel();
    watch.cancel();
    await Promise.allSettled([gate, guard]);
  }
  await unpaused(book);
  closeGate(book);
}

async function keepGuard(book: Book, plan: PlanHead, side: Exclude<Side, 'both'>): Promise<never> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const { services = [] } = plan.blueGreen ?? {};
  const previews = plan.blueGreen === undefined ? [] : previewsOf(plan.blueGreen);
  const request = { ...heldRequest(book, plan), services, previews, side };
  for (;;) {
    await waiting.guard.executeWithOptions({ summary: `keep both versions as they are; ${side} serves` }, [request]);
  }
}
