import type { Book } from './book.ts';
import type { PlanHead } from './contract/plan.ts';
import type { BatchInput, BatchResult, Stage } from './contract/workflows.ts';
import { forwardRules, heldRequest } from './requests.ts';
import { batchPod, runChild } from './runBatch.ts';
import type { PodEntry } from './state.ts';

/** What is done with some pods by way of the pump, where their images stay. */
interface Some {
  readonly name: string;
  readonly pods: readonly PodEntry[];
  readonly only: readonly Stage[];
  readonly doing: string;
  /** A rollback: it goes on with the others where one fails. */
  readonly undo: boolean;
}

/** Brings pods through some stages of the pump, all at once: they leave service or come into it, nobody else does. */
export function pump(book: Book, plan: PlanHead, { pods, undo, ...some }: Some, index?: number): Promise<BatchResult> {
  const input: BatchInput = {
    ...heldRequest(book, plan),
    ...forwardRules(plan),
    ...some,
    images: some.only.includes('wait') ? (plan.scale?.images ?? {}) : {},
    // Undone or not: a pod that comes must be ready before it counts.
    pods: pods.map((pod) => ({ ...batchPod(pod), wasReady: true, ...(pod.from && { images: pod.from }) })),
    undo,
    maxUnavailable: plan.maxUnavailable + pods.length,
    downElsewhere: 0,
    mayFail: undo ? pods.length : 0,
    ...(undo ? {} : { limits: plan.limits }),
    paused: false,
  };
  return runChild(book, input, index);
}
