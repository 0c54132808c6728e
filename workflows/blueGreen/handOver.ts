import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep } from '../compensate.ts';
import type { Phase } from '../contract/status.ts';
import { heldRequest } from '../requests.ts';
import { pointAt, shown } from './requests.ts';

/**
 * Ends blue/green with what somebody else made of the workload: the Services select as before, the new pods go, unless they
 * are the workload's own by now. See Course.
 */
export async function handOverBlueGreen(book: Book): Promise<Phase> {
  const { plan, steps } = book.state;
  const pair = plan?.blueGreen;
  if (plan === undefined || pair === undefined) return 'failed';
  book.set((state) => ({ ...state, final: true }));
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const lenient = { lenient: true } as const;
  const both = async (): Promise<void> => {
    await pointAt(book, plan, 'both', shown(pair), 'take our key out of the selectors', lenient);
  };
  if (steps.includes('services')) await compensateStep(book, plan, 'services', both);
  if (steps.includes('green') && book.state.notUndone.length === 0) {
    await compensateStep(book, plan, 'green', () =>
      writing.removeGreen.executeWithOptions({ summary: 'take the new pods away' }, [held]),
    );
  }
  await compensateStep(book, plan, 'acquire', () =>
    writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
      { ...held, adopt: true, recreated: true },
    ]),
  );
  return book.state.notUndone.length === 0 ? 'handedOver' : 'failed';
}
