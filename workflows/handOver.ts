import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { compensateStep, leave, sweep } from './compensate.ts';
import type { Phase } from './contract/status.ts';
import { failureOf } from './failure.ts';
import { heldRequest } from './requests.ts';

/**
 * Ends the release without undoing its pods: whoever changed the workload is right, and its own controller rolls that
 * out. What we added for the drain is taken away, and the workload is given back as they made it. Answers how it ended.
 */
export async function handOver(book: Book): Promise<Phase> {
  const { plan, steps } = book.state;
  if (plan === undefined) return 'failed';
  book.set((state) => ({ ...state, final: true }));
  const { writing } = clusterActivities(book.identity.target.cluster);
  if (plan.surge !== undefined) await sweep(book, plan).catch((error: unknown) => leave(book, failureOf(error)));
  for (const step of steps.toReversed()) {
    if (step === 'openTraffic') await compensateStep(book, plan, step);
    if (step === 'acquire') {
      await compensateStep(book, plan, step, () =>
        writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
          { ...heldRequest(book, plan), adopt: true, ...(plan.change.template && { recreated: true }) },
        ]),
      );
    }
  }
  return book.state.notUndone.length === 0 ? 'handedOver' : 'failed';
}
