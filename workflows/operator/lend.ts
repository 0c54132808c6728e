import { condition } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { backPod, backwards, sweep } from '../compensate.ts';
import type { PlanHead } from '../contract/plan.ts';
import { countOf } from '../contract/quantity.ts';
import { failureOf } from '../failure.ts';
import { putUnchangedBack } from '../putUnchangedBack.ts';
import { heldRequest } from '../requests.ts';
import { replaced, runChild } from '../runBatch.ts';
import { type BatchState, type PodEntry, type ReleaseState, without } from '../state.ts';
import { anew } from './outcomes.ts';

/**
 * Gives the workload into the hands of an operator, all in flight finished, and waits until it is taken back, or ends.
 * From then on it is as Kubernetes alone has it: its own controller acts, each pod is in traffic as its readiness says, and
 * keeps the version that it has. See Lending.
 */
export const lend = (book: Book): Promise<void> => lendBy(book, giveUp);

/** `give`: undoes and gives up what was begun, if anything was. See Lending. */
export async function lendBy(book: Book, give: (book: Book, plan: PlanHead) => Promise<void>): Promise<void> {
  const { plan, operator } = book.state;
  if (operator === undefined) return;
  try {
    if (plan !== undefined && book.state.steps.length > 0) await give(book, plan);
  } catch (error) {
    return keepHeld(book, error);
  }
  if (book.state.rollback !== undefined) return;
  book.set((state) => ({ ...state, phase: 'manual', operator: { ...operator, since: book.now } }));
  book.log(`In the hands of ${operator.by}.`);
  await condition(() => book.state.operator === undefined || book.state.rollback !== undefined);
  if (book.state.rollback !== undefined || book.state.drift !== undefined) return;
  // Nothing had been touched: the plan is of a workload that may be another by now.
  if (book.state.steps.length === 0 && book.state.regains !== true) book.set(anew);
}

async function giveUp(book: Book, plan: PlanHead): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  await putUnchangedBack(book);
  await bringFailedBack(book, plan);
  if (plan.surge !== undefined) await sweep(book, plan);
  book.set((state) => ({ ...state, regains: true, batches: state.batches.map(unfinished) }));
  if (plan.traffic.through.length > 0) {
    await writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [
      { ...held, through: plan.traffic.through },
    ]);
  }
  await writing.release.executeWithOptions({ summary: 'give the workload to the operator' }, [
    { ...held, ...(plan.change.template && { recreated: true }) },
  ]);
}

/** Pods that stand half-way, or failed, get the old version back: nobody would put them back into traffic later. */
async function bringFailedBack(book: Book, plan: PlanHead): Promise<void> {
  const due = book.state.batches.flatMap(({ pods }) => pods.filter(isOut));
  if (due.length === 0) return;
  book.log(`Back to the old version before it is handed over: ${countOf(due.length, 'pod')} that failed.`);
  const result = await runChild(book, backwards(book, plan, 'hand-over', due.map(backPod(plan))));
  const done = new Set(result.done);
  const uids = new Set(due.map(({ uid }) => uid));
  const back = (pod: PodEntry): PodEntry => {
    if (!uids.has(pod.uid) || !done.has(pod.name)) return pod;
    const { outOfTraffic: _, reason: __, ...rest } = pod;
    const [now = rest] = replaced([rest], result);
    return { ...now, state: 'queued' };
  };
  book.set((state) => ({
    ...state,
    batches: state.batches.map((batch) => ({ ...batch, pods: batch.pods.map(back) })),
  }));
  const left = [...result.failed, ...result.stopped.map(({ pod }) => ({ pod, reason: 'it was stopped from outside' }))];
  for (const { pod, reason } of left) book.log(`Pod ${pod} is handed over as it is: ${reason}`);
}

/** What is done with a pod stopped half-way, and it does not serve. */
const isOut = ({ state, outOfTraffic }: PodEntry): boolean =>
  outOfTraffic === true && state !== 'gone' && state !== 'undone';

/** A batch that was left is none that failed: it goes on where it stood, or from its beginning. */
function unfinished(batch: BatchState): BatchState {
  if (batch.state !== 'failed') return batch;
  return { ...batch, state: batch.pods.some(({ state }) => state === 'done') ? 'running' : 'waiting' };
}

/** Something could not be given up: people decide, and it takes hold of all again when they say so. */
function keepHeld(book: Book, error: unknown): void {
  const failure = failureOf(error);
  const held = (state: ReleaseState): ReleaseState => ({
    ...without(state, 'operator'),
    phase: 'held',
    held: { failure, since: book.now },
    regains: true,
  });
  book.set(held);
  book.log(`Not handed over: ${failure.text}`);
}
