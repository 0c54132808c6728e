import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep, leave } from '../compensate.ts';
import type { PlanHead } from '../contract/plan.ts';
import { goesUp, type PlannedScale } from '../contract/scale/plan.ts';
import { isOut, notBack, putBack } from '../putBack.ts';
import { heldRequest } from '../requests.ts';
import type { BatchState, PodEntry } from '../state.ts';
import { lower } from './lower.ts';
import { setNumber } from './number.ts';
import { untilReady } from './up.ts';

/**
 * Undoes a scale in reverse order: pods that were drained and have not gone are put back, the way out of traffic is
 * closed, then the number is what it was, and everything is given back. See Course.
 */
export async function compensateScale(book: Book): Promise<void> {
  const { plan } = book.state;
  const scale = plan?.scale;
  if (plan === undefined || scale === undefined) return;
  for (const step of book.state.steps.toReversed()) {
    const act = {
      pods: () => keepPods(book, plan),
      number: () => (goesUp(scale) ? lowerAgain(book, plan, scale) : raiseAgain(book, plan, scale)),
    }[step as string];
    await compensateStep(book, plan, step, act);
  }
}

/** Those that were chosen and have not gone: back in traffic, and not chosen any more. */
async function keepPods(book: Book, plan: PlanHead): Promise<void> {
  const out = book.state.batches.flatMap(({ pods }) => pods).filter(isOut);
  const { failed } = await putBack(book, plan, 'undo', out);
  for (const failure of failed) leave(book, notBack(book, failure));
  const { writing } = clusterActivities(book.identity.target.cluster);
  await writing.spare.executeWithOptions({ summary: 'take our marks off pods that stay' }, [heldRequest(book, plan)]);
  // Whether one of them has gone is told by the number: it may have been set a moment ago.
}

/** Batches whose number was set, or may have been, the last one first. */
const begun = ({ state: { batches } }: Book): readonly BatchState[] =>
  batches.filter(({ state }) => state !== 'waiting').toReversed();

const sizeOf = (batches: readonly BatchState[]): number => batches.reduce((sum, { pods }) => sum + pods.length, 0);

/** One step, or the batches in reverse. */
function rounds(plan: PlanHead, batches: readonly BatchState[]): readonly (readonly BatchState[])[] {
  if (batches.length === 0) return [];
  return plan.rollback === 'InBatches' ? batches.map((batch) => [batch]) : [batches];
}

async function raiseAgain(book: Book, plan: PlanHead, { from }: PlannedScale): Promise<void> {
  const due = begun(book);
  let goal = from - sizeOf(due);
  for (const round of rounds(plan, due)) {
    const count = sizeOf(round);
    goal += count;
    await setNumber(book, plan, goal);
    const name = `undo-${round[0]?.name ?? ''}`;
    const result = await untilReady(book, plan, { name, goal, count, except: [], undo: true }, () => undefined);
    mark(book, round);
    for (const { pod, reason } of result.failed) {
      leave(book, {
        code: 'POD_FAILED',
        text: `Pod ${pod}, which is there again, is not ready: ${reason}.`,
        next: `Look with \`kubectl describe pod ${pod} -n ${book.identity.target.namespace}\`.`,
      });
    }
  }
}

async function lowerAgain(book: Book, plan: PlanHead, { from }: PlannedScale): Promise<void> {
  const due = begun(book);
  let goal = from + sizeOf(due);
  for (const round of rounds(plan, due)) {
    goal -= sizeOf(round);
    await lower(book, plan, goal, round);
    mark(book, round);
  }
}

/** Shows them as undone. */
function mark(book: Book, round: readonly BatchState[]): void {
  const names = new Set(round.map(({ name }) => name));
  const undone = (pod: PodEntry): PodEntry => (pod.state === 'queued' ? pod : { ...pod, state: 'undone' });
  book.set((state) => ({
    ...state,
    batches: state.batches.map((batch) =>
      names.has(batch.name) ? { ...batch, state: 'undone', pods: batch.pods.map(undone) } : batch,
    ),
  }));
}
