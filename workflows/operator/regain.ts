import { sleep } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { leave } from '../compensate.ts';
import { workloadName } from '../contract/names.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { Failure } from '../contract/status.ts';
import { failureOf } from '../failure.ts';
import { Adopted, hold, unpaused } from '../hold.ts';
import { acquireRequest, heldRequest } from '../requests.ts';
import { type BatchState, leavesOff, type PodEntry, without } from '../state.ts';
import { Anew, Arrived } from './outcomes.ts';

/**
 * Takes hold of the workload again, as it is found: with the template from before the release goes on, and pods that are
 * others by now are found by the look before each batch. Over anything else people are asked.
 * @throws Arrived, Anew, Adopted; WORKLOAD_NOT_FOUND
 */
export async function regain(
  book: Book,
  plan: PlanHead,
  takeHold: (book: Book, plan: PlanHead) => Promise<void> = take,
): Promise<void> {
  for (;;) {
    try {
      if (book.state.drift === 'adopt') throw new Adopted();
      if (book.state.drift === 'takeOver') throw new Anew();
      await unpaused(book);
      book.set((state) => ({ ...state, phase: 'acquiring' }));
      await takeHold(book, plan);
      book.set((state) => without(state, 'regains'));
      return;
    } catch (error) {
      if (error instanceof Adopted || error instanceof Anew) throw error;
      if (book.state.rollback !== undefined || leavesOff(book.state)) throw error;
      const failure = failureOf(error);
      if (failure.code === 'WORKLOAD_NOT_FOUND') throw error;
      if (failure.code === 'WORKLOAD_CHANGED' && (await hasArrived(book, plan))) {
        book.set((state) => ({ ...without(state, 'regains'), batches: state.batches.map(arrived) }));
        throw new Arrived();
      }
      await hold(book, failure);
    }
  }
}

async function take(book: Book, plan: PlanHead): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  await writing.acquire.executeWithOptions({ summary: 'hold the workload again, as it is found' }, [
    acquireRequest(book, plan),
  ]);
  const { through } = plan.traffic;
  if (through.length === 0) return;
  await writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [
    { ...heldRequest(book, plan), through },
  ]);
}

/** Whether the operator has made the whole change by hand. The roles of a hot swap are nobody's to guess. */
async function hasArrived(book: Book, plan: PlanHead): Promise<boolean> {
  if (plan.change.hotSwap !== undefined) return false;
  const { waiting } = clusterActivities(book.identity.target.cluster);
  const { to, template } = plan.change;
  const { all } = await waiting.arrived.executeWithOptions({ summary: 'look whether every pod has the new version' }, [
    { ...heldRequest(book, plan), images: to, ...(template && { source: template.source }) },
  ]);
  return all;
}

/** What the operator has done is done; pods in whose place others are by now are gone. */
const arrived = (batch: BatchState): BatchState => ({
  ...batch,
  state: 'done',
  pods: batch.pods.map((pod): PodEntry => (pod.state === 'done' ? pod : { ...pod, state: 'gone' })),
});

/** How often a rollback looks whether a native rollout is over, and how long in all. */
const poll = { everyMs: 5000, times: 120 };

/** See Lending.regain. */
export async function regainToUndo(book: Book): Promise<void> {
  const { plan } = book.state;
  if (plan === undefined) return;
  for (let tries = 1; ; tries += 1) {
    try {
      await take(book, plan);
      break;
    } catch (error) {
      const failure = failureOf(error);
      if (failure.code === 'WORKLOAD_BUSY' && tries < poll.times) {
        if (tries === 1) book.log(`The rollback waits: ${failure.text}`);
        await sleep(poll.everyMs, { summary: 'wait for the end of a native rollout' });
        continue;
      }
      if (failure.code === 'WORKLOAD_NOT_FOUND') book.log(`Nothing left to undo: ${failure.text}`);
      else leave(book, asItIs(book, failure));
      book.set((state) => ({ ...state, steps: [] }));
      break;
    }
  }
  book.set((state) => without(state, 'regains'));
}

const asItIs = ({ identity: { target } }: Book, { code, text }: Failure): Failure => ({
  code,
  text: `It was in the hands of an operator, and stays as it is: ${text}`,
  next: `\`sluice undo ${workloadName(target)} -n ${target.namespace}\` releases the revision before; \`sluice history\` shows which there are.`,
});
