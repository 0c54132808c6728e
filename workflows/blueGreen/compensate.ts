import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep, leave } from '../compensate.ts';
import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import { workloadName } from '../contract/names.ts';
import type { PlanHead, PlannedPod } from '../contract/plan.ts';
import { commitRequest, heldRequest } from '../requests.ts';
import type { BatchState, PodEntry } from '../state.ts';
import { silence } from './child.ts';
import { pointAt, previewsOf, shown } from './requests.ts';

/**
 * Undoes blue/green in reverse order: the Services call the old pods again before anything else happens to the new ones.
 * Where that cannot be had, these are left: they are who serves. See Course.
 */
export async function compensateBlueGreen(book: Book): Promise<void> {
  const { plan } = book.state;
  const pair = plan?.blueGreen;
  if (plan === undefined || pair === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const lenient = { lenient: true } as const;
  let called: readonly PlannedPod[] = [];
  const acts: Readonly<Partial<Record<string, () => Promise<void>>>> = {
    commit: () =>
      writing.disown.executeWithOptions({ summary: 'the old pods are the workload’s own again' }, [
        commitRequest(book, plan, ''),
      ]),
    switch: async () => {
      const back = await pointAt(
        book,
        plan,
        'blue',
        pair.services,
        'switch the Services back to the old pods',
        lenient,
      );
      called = back.others;
    },
    green: () => removeGreen(book, plan, pair, called),
    services: async () => {
      await pointAt(book, plan, 'both', shown(pair), 'take our key out of the selectors', lenient);
    },
  };
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

/** The new pods go when nobody is connected to them any more; before the switch nobody was. */
async function removeGreen(
  book: Book,
  plan: PlanHead,
  pair: PlannedBlueGreen,
  called: readonly PlannedPod[],
): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  await pointAt(book, plan, 'both', previewsOf(pair), 'the preview as it was', { lenient: true });
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
