import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlannedPod } from '../contract/plan.ts';
import { commitRequest } from '../requests.ts';
import { compensateBeside, removeGreen } from './back.ts';
import { pointAt, previewsOf, shown } from './requests.ts';

/**
 * Undoes blue/green: the Services call the old pods again before anything else happens to the new ones, which go when nobody
 * is connected to them any more; before the switch nobody was. See Course.
 */
export async function compensateBlueGreen(book: Book): Promise<void> {
  const { plan } = book.state;
  const pair = plan?.blueGreen;
  if (plan === undefined || pair === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const lenient = { lenient: true } as const;
  let called: readonly PlannedPod[] = [];
  await compensateBeside(book, plan, {
    commit: () =>
      writing.disown.executeWithOptions({ summary: 'the old pods are the workload’s own again' }, [
        commitRequest(book, plan, ''),
      ]),
    switch: async () => {
      const summary = 'switch the Services back to the old pods';
      called = (await pointAt(book, plan, 'blue', pair.services, summary, lenient)).others;
    },
    green: async () => {
      await pointAt(book, plan, 'both', previewsOf(pair), 'the preview as it was', lenient);
      await removeGreen(book, plan, called);
    },
    services: async () => {
      await pointAt(book, plan, 'both', shown(pair), 'take our key out of the selectors', lenient);
    },
  });
}
