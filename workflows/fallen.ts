import { handfulSize } from './batchPlan.ts';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { errors } from './contract/errors.ts';
import type { PlanHead, PodRef } from './contract/plan.ts';
import { countOf, someOf } from './contract/quantity.ts';
import { Stop } from './failure.ts';
import { forwardRules, heldRequest } from './requests.ts';
import type { BatchState, PodEntry } from './state.ts';

/** Pods of one batch that were done, and are not ready any more. */
interface Fallen {
  readonly batch: BatchState;
  readonly pods: readonly PodEntry[];
}

/** Those of `down` that the release was through with. */
export function fallenOf(batches: readonly BatchState[], down: readonly PodRef[] = []): readonly Fallen[] {
  if (down.length === 0) return [];
  const uids = new Set(down.map(({ uid }) => uid));
  return batches.flatMap((batch) => {
    const pods = batch.pods.filter(({ state, uid }) => state === 'done' && uids.has(uid));
    return pods.length === 0 ? [] : [{ batch, pods: pods.slice(0, handfulSize) }];
  });
}

/**
 * Waits until pods that were done are ready once more, as long as at first. @throws Stop when more pods of a batch have
 * failed by then than may; those are still `done` in the book, so that they are waited for again when people say to go on
 */
export async function untilUp(book: Book, plan: PlanHead, fallen: readonly Fallen[]): Promise<void> {
  const names = fallen.flatMap(({ pods }) => pods.map(({ name }) => name));
  book.log(`Ready before, and not any more: ${someOf(names)}.`);
  for (const { batch, pods } of fallen) await upIn(book, plan, batch, pods);
}

async function upIn(
  book: Book,
  plan: PlanHead,
  { name, mayFail }: BatchState,
  pods: readonly PodEntry[],
): Promise<void> {
  const { waiting } = clusterActivities(book.identity.target.cluster);
  // Which of the pair has the new version is no matter here: the pod as a whole is waited for.
  const { hotSwap, ...rules } = forwardRules(plan);
  const since = book.now;
  let open = pods.map(({ name: pod, uid }) => ({ name: pod, uid, wasReady: true, since }));
  while (open.length > 0) {
    const answer = await waiting.wait.executeWithOptions(
      { summary: `wait ${name}: ${countOf(open.length, 'pod')} that was ready before` },
      [{ ...heldRequest(book, plan), ...rules, ...(hotSwap && { images: {} }), batch: name, pods: open }],
    );
    const gone = new Set(answer.gone);
    const failed = new Map(answer.failed.map((failure) => [failure.pod, failure]));
    const [first] = answer.failed;
    const now = book.state.batches.find((one) => one.name === name)?.pods ?? [];
    const before = now.filter(({ state }) => state === 'failed').length;
    if (first !== undefined && before + failed.size > mayFail) {
      const others = failed.size > 1 ? ` (and ${failed.size - 1} more)` : '';
      throw new Stop({
        code: first.code,
        text: `${name}: pod ${first.pod}${others} was ready, and is not any more: ${first.reason}`,
        next: errors[first.code].next,
      });
    }
    const became = (pod: PodEntry): PodEntry => {
      const reason = failed.get(pod.name)?.reason;
      if (reason !== undefined) return { ...pod, state: 'failed', reason };
      return gone.has(pod.name) ? { ...pod, state: 'gone' } : pod;
    };
    book.set((state) => ({
      ...state,
      batches: state.batches.map((one) => (one.name === name ? { ...one, pods: one.pods.map(became) } : one)),
    }));
    const later = new Set(answer.later);
    open = open.filter(({ name: pod }) => later.has(pod));
  }
}
