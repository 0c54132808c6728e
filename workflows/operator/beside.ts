import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { begin } from '../forward.ts';
import { acquireRequest, heldRequest } from '../requests.ts';
import { without } from '../state.ts';
import { lendBy } from './lend.ts';
import { Anew } from './outcomes.ts';
import { regain } from './regain.ts';

/** Where new pods stand beside the old, and callers are kept to one side: nothing of that is there while an operator works. */

/** Undoes all first; it begins anew when it is taken back. See Lending. */
export const lendAfterGoingBack =
  (compensate: (book: Book) => Promise<void>) =>
  (book: Book): Promise<void> =>
    lendBy(book, async () => {
      await compensate(book);
      // What is left is tried once more, and told, by a rollback.
      if (book.state.notUndone.length > 0) book.askRollback('sluice', 'it could not be handed over');
      book.set((state) => ({
        ...without(state, 'gate'),
        notUndone: [],
        ...(state.rollback === undefined && { steps: [], regains: true }),
      }));
    });

/**
 * After it is taken back: people are asked over what is not as it was, see regain; then it is planned once more.
 * @throws Anew; Arrived, Adopted, WORKLOAD_NOT_FOUND
 */
export async function beginAnew(book: Book, plan: PlanHead): Promise<never> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  await regain(book, plan, async () => {
    begin(book, 'acquire');
    await writing.acquire.executeWithOptions({ summary: 'look whether it can be held as it is found' }, [
      acquireRequest(book, plan),
    ]);
    await writing.release.executeWithOptions({ summary: 'give it back as it is now, to plan anew' }, [
      { ...heldRequest(book, plan), adopt: true, recreated: true },
    ]);
  });
  throw new Anew();
}
