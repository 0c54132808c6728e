import { CancelledFailure, condition } from '@temporalio/workflow';
import { pointAgain } from './blueGreen/requests.ts';
import type { Book } from './book.ts';
import { splitAgain } from './canary/requests.ts';
import { clusterActivities } from './clusterActivities.ts';
import type { Failure } from './contract/status.ts';
import { failureOf } from './failure.ts';
import { NextRun } from './nextRun.ts';
import { announce } from './notify.ts';
import { heldRequest } from './requests.ts';
import { setNumber } from './scale/number.ts';
import { leavesOff, without } from './state.ts';

/** Thrown when people decided to keep what somebody else made of the workload: the release ends there. */
export class Adopted extends Error {}

/**
 * Tries `step` until it is through. After a failure that people have to decide about it holds, and tries again when they
 * say so; any other failure goes on to the caller. @throws Adopted
 */
export async function untilThrough<T>(book: Book, step: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      if (book.state.drift !== undefined) await resolveDrift(book);
      return await step();
    } catch (error) {
      if (error instanceof Adopted || error instanceof NextRun) throw error;
      if (book.state.rollback !== undefined || leavesOff(book.state)) throw error;
      const failure = failureOf(error);
      if (!asksPeople(book, failure)) throw error;
      await hold(book, failure);
    }
  }
}

/** Waits while somebody has it paused. @throws CancelledFailure where it leaves off: nothing further begins */
export async function unpaused(book: Book): Promise<void> {
  await condition(() => book.state.paused === undefined);
  if (leavesOff(book.state))
    throw new CancelledFailure('A newer version takes its place, or an operator has it in hand.');
}

/** Waits while it is held, in a way forward that begins once more. */
export async function unheld(book: Book): Promise<void> {
  if (book.state.held !== undefined) await condition(() => book.state.held === undefined);
}

/** Nobody but people can tell whether somebody else's change or the release is right, whatever `onFailure` says; nor what no check could. */
const asksPeople = (book: Book, { code }: Failure): boolean =>
  code === 'WORKLOAD_CHANGED' ||
  code === 'CHECK_UNDECIDED' ||
  (book.state.plan?.onFailure === 'Hold' && code !== 'WORKLOAD_NOT_FOUND');

export async function hold(book: Book, failure: Failure): Promise<void> {
  const { phase } = book.state;
  book.set((state) => ({
    ...without(state, 'drift'),
    phase: 'held',
    held: { failure, since: book.now },
    final: false,
  }));
  book.log(`Held: ${failure.text}`);
  void announce(book, 'failed');
  await condition(() => book.state.held === undefined);
  // Handing over is the end, not one more turn of where it was.
  if (book.state.drift !== 'adopt') book.set((state) => ({ ...state, phase }));
}

async function resolveDrift(book: Book): Promise<void> {
  const { drift, plan } = book.state;
  if (drift === 'adopt') throw new Adopted();
  if (plan === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  await writing.takeOver.executeWithOptions({ summary: 'undo what somebody else did to the workload' }, [
    heldRequest(book, plan),
  ]);
  if (plan.scale !== undefined) await setNumber(book, plan, book.state.number ?? plan.scale.from);
  if (plan.blueGreen !== undefined) await pointAgain(book, plan);
  if (plan.canary !== undefined) await splitAgain(book, plan, plan.canary);
  book.set((state) => without(state, 'drift'));
}
