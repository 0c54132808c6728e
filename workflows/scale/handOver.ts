import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep } from '../compensate.ts';
import type { Phase } from '../contract/status.ts';
import { heldRequest } from '../requests.ts';

/** Ends the scale with the workload as somebody else made it: nothing of ours stays, and the number is theirs. See Course. */
export async function handOverScale(book: Book): Promise<Phase> {
  const { plan, steps } = book.state;
  if (plan === undefined) return 'failed';
  book.set((state) => ({ ...state, final: true }));
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const acts: Readonly<Record<string, () => Promise<void>>> = {
    pods: () => writing.spare.executeWithOptions({ summary: 'take our marks off pods that stay' }, [held]),
    acquire: () =>
      writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
        { ...held, adopt: true },
      ]),
  };
  for (const step of steps.toReversed()) {
    if (step !== 'number') await compensateStep(book, plan, step, acts[step]);
  }
  return book.state.notUndone.length === 0 ? 'handedOver' : 'failed';
}
