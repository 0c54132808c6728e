import { pointAt } from '../blueGreen/requests.ts';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep } from '../compensate.ts';
import type { Phase } from '../contract/status.ts';
import { heldRequest } from '../requests.ts';
import { endCanary, unshift } from './requests.ts';

/**
 * Ends a canary with what somebody else made of the workload: nobody is sent to new pods alone, the Services select as before,
 * the new pods go, unless they are the workload's own by now. See Course.
 */
export async function handOverCanary(book: Book): Promise<Phase> {
  const { plan, steps } = book.state;
  const canary = plan?.canary;
  if (plan === undefined || canary === undefined) return 'failed';
  book.set((state) => ({ ...state, final: true }));
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  if (steps.includes('split')) await compensateStep(book, plan, 'split', () => unshift(book, plan, canary));
  if (steps.includes('services')) {
    await compensateStep(book, plan, 'services', async () => {
      await pointAt(book, plan, 'both', canary.services, 'take our key out of the selectors', { lenient: true });
    });
  }
  if (steps.includes('green') && book.state.notUndone.length === 0) {
    await compensateStep(book, plan, 'green', async () => {
      await writing.removeGreen.executeWithOptions({ summary: 'take the new pods away' }, [held]);
      await endCanary(book, plan, canary);
    });
  }
  await compensateStep(book, plan, 'acquire', () =>
    writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
      { ...held, adopt: true, recreated: true },
    ]),
  );
  return book.state.notUndone.length === 0 ? 'handedOver' : 'failed';
}
