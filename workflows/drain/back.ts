import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep, leave } from '../compensate.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { Failure } from '../contract/status.ts';
import { isOut, notBack, putBack } from '../putBack.ts';
import { heldRequest } from '../requests.ts';
import { type PodEntry, withBatch } from '../state.ts';

/** Undoes a drain in reverse order, from wherever it is. See Course. */
export async function giveBack(book: Book): Promise<void> {
  const { plan } = book.state;
  if (plan === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    pods: async () => {
      for (const failure of await backInTraffic(book, plan, 'undone')) leave(book, failure);
    },
    // What somebody else made of the workload meanwhile is none of a drain's business.
    acquire: () =>
      writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
        { ...heldRequest(book, plan), adopt: true },
      ]),
  };
  for (const step of book.state.steps.toReversed()) await compensateStep(book, plan, step, acts[step]);
}

/**
 * Puts the pods back that are out, or may be. Answers what could not be; a pod that died meanwhile is told, and no failure.
 * `as`: their state afterwards
 */
export async function backInTraffic(book: Book, plan: PlanHead, as: 'done' | 'undone'): Promise<readonly Failure[]> {
  const out = (book.state.batches[0]?.pods ?? []).filter(isOut);
  const { failed, gone } = await putBack(book, plan, as === 'done' ? 'put-back' : 'undo', out);
  const asked = new Set(out.map(({ uid }) => uid));
  const reasons = new Map(failed.map(({ pod, reason }) => [pod, reason]));
  const left = new Set(gone);
  book.set((state) =>
    withBatch(state, 0, (batch) => ({
      ...batch,
      pods: batch.pods.map((pod): PodEntry => {
        if (!asked.has(pod.uid)) return pod;
        const { outOfTraffic: _, ...back } = pod;
        const reason = reasons.get(pod.name);
        if (left.has(pod.name)) return { ...back, state: 'gone' };
        return reason === undefined ? { ...back, state: as } : { ...pod, state: 'failed', reason };
      }),
    })),
  );
  if (gone.length > 0) book.log(`Gone while out of traffic: ${gone.join(', ')}.`);
  return failed.map((failure) => notBack(book, failure));
}
