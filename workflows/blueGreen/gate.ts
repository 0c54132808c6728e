import { CancellationScope } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { GuardRequest } from '../contract/blueGreen/activities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { closeGate, openGate } from '../gate.ts';
import { unpaused } from '../hold.ts';
import { nextRunAtGate } from '../nextRun.ts';
import { heldRequest } from '../requests.ts';

/** What must stay as it is meanwhile. */
export type Guarded = Omit<GuardRequest, 'target' | 'uid' | 'holder'>;

/**
 * Waits at the gate of batch `index`. Meanwhile the new pods follow the number of the workload, and it is seen when
 * somebody else changes what callers or pods come from. @throws Stop, WORKLOAD_CHANGED, POD_FAILED, NextRun
 */
export async function passGuarded(book: Book, plan: PlanHead, index: number, guarded: Guarded): Promise<void> {
  const batch = book.state.batches[index];
  if (batch === undefined) return;
  const { bakeMs, approval } = batch.gate;
  // A step that brings no pod, and the switch, whose batch are the old pods, have the new ones of the steps before.
  const earlier = book.state.batches.slice(0, index).flatMap(({ pods }) => pods);
  const checked = batch.pods.some(({ state }) => state === 'done') ? batch : { ...batch, pods: earlier };
  const waits = new CancellationScope();
  const gate = waits.run(() => openGate(book, plan, checked));
  const watch = new CancellationScope();
  const guard = bakeMs > 0 || approval !== undefined ? watch.run(() => keepGuard(book, plan, guarded)) : gate;
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

/** Whether an earlier run of the workflow has come to the gate of batch `index`, and left it open. */
export const isLeftAt = ({ state: { gate, batches } }: Book, index: number): boolean =>
  gate?.carried === true && gate.id === batches[index]?.gate.id;

async function keepGuard(book: Book, plan: PlanHead, guarded: Guarded): Promise<never> {
  // It scales: a cancellation waits for what is on its way, or that would come after what the next step does.
  const { writing } = clusterActivities(book.identity.target.cluster);
  const request = { ...heldRequest(book, plan), ...guarded };
  const who = guarded.side === 'both' ? 'both serve' : `${guarded.side} serves`;
  for (;;) {
    await writing.guard.executeWithOptions({ summary: `keep both versions as they are; ${who}` }, [request]);
    nextRunAtGate(book);
  }
}
