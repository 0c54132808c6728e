import { compensateBeside, removeGreen } from '../blueGreen/back.ts';
import { pointAt } from '../blueGreen/requests.ts';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { commitRequest } from '../requests.ts';
import { endCanary, unshift } from './requests.ts';

/**
 * Undoes a canary: nobody is sent to new pods any more before anything else happens to them. The route is exactly what it
 * was, then they are waited for until they are silent, and go. See Course.
 */
export async function compensateCanary(book: Book): Promise<void> {
  const { plan } = book.state;
  const canary = plan?.canary;
  if (plan === undefined || canary === undefined) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  const { services } = canary;
  const lenient = { lenient: true } as const;
  await compensateBeside(book, plan, {
    commit: () =>
      writing.disown.executeWithOptions({ summary: 'the old pods are the workload’s own again' }, [
        commitRequest(book, plan, ''),
      ]),
    switch: async () => {
      await pointAt(book, plan, 'blue', services, 'switch the Services back to the old pods', lenient);
    },
    split: () => unshift(book, plan, canary),
    green: async () => {
      // They serve together now: those of the old that are ready do, and nobody waits for the others.
      const summary = 'let the Services call the old pods only';
      const { others } = await pointAt(book, plan, 'blue', services, summary, { ...lenient, timeoutMs: 0 });
      await removeGreen(book, plan, others);
      await endCanary(book, plan, canary);
    },
    services: async () => {
      await pointAt(book, plan, 'both', services, 'take our key out of the selectors', lenient);
    },
  });
}
