import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep, leave } from '../compensate.ts';
import { workloadName } from '../contract/names.ts';
import type { PlanHead, PlannedPod } from '../contract/plan.ts';
import { heldRequest } from '../requests.ts';
import type { BatchState, PodEntry, Step } from '../state.ts';
import { silence } from './child.ts';

/** How each step is undone, if not as in other modes. */
export type Acts = Readonly<Partial<Record<Step, () => Promise<void>>>>;

/**
 * Undoes what was begun, in reverse order, in every mode that has new pods beside the old. Where callers cannot be had back
 * from these, they are left: they are who serves.
 */
export async function compensateBeside(book: Book, plan: PlanHead, acts: Acts): Promise<void> {
  for (const step of book.state.steps.toReversed()) {
    const serves = book.state.notUndone.length > 0;
    if (serves && (step === 'green' || step === 'services')) {
      if (step === 'green') leaveGreen(book);
      continue;
    }
    await compensateStep(book, plan, step, acts[step]);
  }
  mark(book);
}

/** The new pods go when nobody is connected any more to those that were `called`. */
export async function removeGreen(book: Book, plan: PlanHead, called: readonly PlannedPod[]): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const pods = called.map((pod): PodEntry => ({ ...pod, state: 'queued' }));
  const { failed } = await silence(book, plan, { pods, undo: true });
  for (const { pod, reason } of failed) book.log(`Pod ${pod} goes without silence: ${reason}`);
  await writing.removeGreen.executeWithOptions({ summary: 'take the new pods away' }, [heldRequest(book, plan)]);
}

function leaveGreen(book: Book): void {
  const { target } = book.identity;
  leave(book, {
    code: 'ROLLBACK_INCOMPLETE',
    text: `The pods of the new version of ${workloadName(target)} are left: callers may still be sent to them.`,
    next: `When \`kubectl get endpointslices -n ${target.namespace}\` shows the old pods in each Service, delete the ReplicaSet of the new ones, and take pod-template-hash out of the selectors.`,
  });
}

/** Shows what had begun as undone. */
function mark(book: Book): void {
  const undone = (pod: PodEntry): PodEntry =>
    pod.state === 'queued' || pod.state === 'failed' ? pod : { ...pod, state: 'undone' };
  const back = (batch: BatchState): BatchState =>
    batch.state === 'waiting' ? batch : { ...batch, state: 'undone', pods: batch.pods.map(undone) };
  book.set((state) => ({ ...state, batches: state.batches.map(back) }));
}
