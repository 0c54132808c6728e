import { allHandlersFinished, condition } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import type { Plan } from '../contract/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { failureOf } from '../failure.ts';
import type { Successor } from '../live.ts';
import { announce } from '../notify.ts';
import { putUnchangedBack } from '../putUnchangedBack.ts';
import { keepRecord } from '../record.ts';
import { type BatchState, logged, type ReleaseState, type Superseding, without, withRefusal } from '../state.ts';
import { successorState } from './carry.ts';
import { planSuccessor } from './plan.ts';

/**
 * What takes the place of the release, whose way forward has ended: nothing is in hand any more. The plan is made once
 * more, by what the cluster has now. Undefined where the rollback was asked for, or no plan can be made any more: then the
 * release goes on as before.
 */
export async function supersede(book: Book, input: ReleaseInput): Promise<Successor | undefined> {
  await putUnchangedBack(book);
  const plan = await planAnew(book);
  const { superseding } = book.state;
  if (plan === undefined || superseding === undefined || isCalledOff(book)) return undefined;
  book.set(ended);
  await bow(book, input);
  const { text } = book.status;
  return {
    state: successorState(book.state, plan, superseding, { run: book.identity.run, text, at: book.now }),
    input: successorInput(superseding),
  };
}

/** The end of a release whose place another one takes. */
export async function bow(book: Book, input: ReleaseInput): Promise<void> {
  await keepRecord(book, input, 'superseded');
  await announce(book, 'superseded');
  await condition(allHandlersFinished);
  // From here on a rollback is for the one that takes its place: it is carried over.
  book.set((state) => ({ ...state, phase: 'superseded', endedAt: book.now }));
}

export const successorInput = ({ said, spec, gated, paused }: Superseding): ReleaseInput => ({
  spec,
  initiator: said.by,
  ...(said.reason !== undefined && { reason: said.reason }),
  ...(gated !== undefined && { gated }),
  ...(paused === true && { paused }),
});

const isCalledOff = ({ state }: Book): boolean => state.rollback !== undefined;

/** The plan of the newer version by what the cluster has now; undefined where there is none any more, the book says why. */
export async function planAnew(book: Book): Promise<Plan | undefined> {
  const { superseding } = book.state;
  if (superseding === undefined || isCalledOff(book)) return undefined;
  try {
    return await planSuccessor(book, superseding.spec);
  } catch (error) {
    const { code, text } = failureOf(error);
    const at = book.now;
    const refused = { at, name: 'supersede', by: superseding.said.by, code, text } as const;
    const goesOn = `It goes on by itself: ${superseding.version} cannot take its place any more: ${text}`;
    book.set((state) => logged(withRefusal(without(state, 'superseding'), refused), { at, text: goesOn }));
    return undefined;
  }
}

/** It waits for nobody any more, and a batch that was only left unfinished has not failed; a gate stays as it stood. */
export function ended(state: ReleaseState): ReleaseState {
  const isUnfinished = ({ state: is, pods }: BatchState): boolean =>
    is === 'failed' && pods.every((pod) => pod.state !== 'failed');
  const batches = state.batches.map((batch) => (isUnfinished(batch) ? { ...batch, state: 'waiting' as const } : batch));
  return { ...without(without(state, 'paused'), 'held'), batches };
}
