import type { Book } from '../book.ts';
import { podChecks } from '../contract/checks.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { BatchInput, BatchPod, BatchResult, Stage } from '../contract/workflows.ts';
import { emptyResult } from '../pump.ts';
import { forwardRules, heldRequest } from '../requests.ts';
import { batchPod, runChild } from '../runBatch.ts';
import type { PodEntry } from '../state.ts';

/** Waits until the new pods of batch `index` are ready, and checks them. */
export function awaitReady(book: Book, plan: PlanHead, index: number, pods: readonly BatchPod[]): Promise<BatchResult> {
  const { name = '' } = book.state.batches[index] ?? {};
  const only: readonly Stage[] = podChecks(plan.checks).length > 0 ? ['wait', 'check'] : ['wait'];
  return pump(book, plan, { name, pods, only, doing: 'ready', undo: false }, index);
}

/** Waits until nobody is connected to pods that are called no more. A rollback goes on after traffic.maxDrain. */
export async function silence(
  book: Book,
  plan: PlanHead,
  { pods, undo }: { readonly pods: readonly PodEntry[]; readonly undo: boolean },
  index?: number,
): Promise<BatchResult> {
  const name = undo ? 'undo-silence' : (book.state.batches[index ?? 1]?.name ?? 'silence');
  const some = pods.map((pod) => batchPod({ ...pod, ready: true }));
  return pump(book, plan, { name, pods: some, only: ['silence'], doing: 'silent', undo }, index);
}

type Some = Pick<BatchInput, 'name' | 'pods' | 'undo'> & { readonly only: readonly Stage[]; readonly doing: string };

function pump(book: Book, plan: PlanHead, some: Some, index?: number): Promise<BatchResult> {
  const count = some.pods.length;
  if (count === 0) {
    return Promise.resolve(emptyResult);
  }
  const input: BatchInput = {
    ...heldRequest(book, plan),
    ...forwardRules(plan),
    ...some,
    // Each has what it was born with; a pod that is only watched needs none.
    images: {},
    maxUnavailable: count,
    downElsewhere: 0,
    mayFail: some.undo ? count : 0,
    ...(some.undo ? {} : { limits: plan.limits }),
    paused: false,
  };
  return runChild(book, input, index);
}
