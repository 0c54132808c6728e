import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { PodsLook, Prepared } from './contract/activities/survey.ts';
import type { PlanHead } from './contract/plan.ts';
import type { BatchInput } from './contract/workflows.ts';
import { heldRequest } from './requests.ts';
import { type BatchState, type PodEntry, withBatch } from './state.ts';

/** The pods of a batch that are still to be done. */
export const openPods = (batch: BatchState | undefined): readonly PodEntry[] =>
  (batch?.pods ?? []).filter(({ state }) => state !== 'done' && state !== 'gone');

/** What there is to look at before the first drain of `batch`. */
export function toPrepare(plan: PlanHead, batch: BatchState): PodsLook {
  return {
    through: plan.traffic.through,
    pods: openPods(batch).map(({ name, uid }) => ({ name, uid })),
    ...(plan.disruptionBudgets === 'Respect' && { budgets: true }),
    atRest: true,
  };
}

/** How many pods may be out of service, and are. */
export type Room = Pick<BatchInput, 'downElsewhere' | 'budget'>;

/** Looks at the pods of batch `index`, see {@link notePrepared}. */
export async function prepare(book: Book, plan: PlanHead, index: number, batch: BatchState): Promise<Room> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const request = { ...heldRequest(book, plan), ...toPrepare(plan, batch) };
  const prepared = await writing.prepare.executeWithOptions({ summary: `look at the pods of ${batch.name}` }, [
    request,
  ]);
  return notePrepared(book, index, prepared);
}

/** Writes into the book how each pod stands in traffic. */
export function notePrepared(book: Book, index: number, prepared: Prepared): Room {
  const found = new Map(prepared.pods.map((pod) => [pod.name, pod]));
  const gone = new Set(prepared.gone);
  const entry = (pod: PodEntry): PodEntry => {
    if (gone.has(pod.name)) return { ...pod, state: 'gone' };
    const now = found.get(pod.name);
    if (now === undefined) return pod;
    // The first look counts: a pod that an earlier try drained would else seem to have been out by itself.
    return { ...pod, ready: pod.traffic === undefined ? now.ready : pod.ready, traffic: pod.traffic ?? now.traffic };
  };
  book.set((state) => withBatch(state, index, (batch) => ({ ...batch, pods: batch.pods.map(entry) })));
  return roomOf(prepared);
}

export const roomOf = ({ downElsewhere, budget }: Prepared): Room => ({
  downElsewhere: downElsewhere.length,
  ...(budget && { budget }),
});
