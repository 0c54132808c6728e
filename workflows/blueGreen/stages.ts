import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PointRequest } from '../contract/blueGreen/activities.ts';
import type { PlanHead } from '../contract/plan.ts';
import { batchStop } from '../failure.ts';
import { begin, phase } from '../forward.ts';
import { unpaused, untilThrough } from '../hold.ts';
import { causeOf, commitRequest, heldRequest } from '../requests.ts';
import { isThrough, settled } from '../runBatch.ts';
import { type PodEntry, withBatch } from '../state.ts';
import { silence } from './child.ts';
import { pointAt } from './requests.ts';

/** Stages that every mode has in which new pods stand beside the old. `services`: who is pointed at either of them. */

/** Takes the workload, and keeps its Services at the old pods, before there are new ones. */
export async function holdAtOld(book: Book, plan: PlanHead, services: readonly string[]): Promise<void> {
  if (book.state.steps.includes('green')) return;
  const { writing } = clusterActivities(book.identity.target.cluster);
  await unpaused(book);
  phase(book, 'acquiring');
  begin(book, 'acquire');
  await writing.acquire.executeWithOptions({ summary: 'hold the workload and leave our mark' }, [
    {
      ...heldRequest(book, plan),
      from: plan.change.from,
      ...(plan.change.template && { template: plan.change.template }),
    },
  ]);
  begin(book, 'services');
  await untilThrough(book, () =>
    pointAt(book, plan, 'blue', services, 'let the Services call the old pods only', { first: true }),
  );
  begin(book, 'green');
}

/** The switch: one write to each Service, seen in its endpoints. Batch `index` are the old pods. */
export async function switchOver(
  book: Book,
  plan: PlanHead,
  services: readonly string[],
  index: number,
  how: Pick<PointRequest, 'shared'> = {},
): Promise<void> {
  await unpaused(book);
  phase(book, 'batch');
  begin(book, 'switch');
  const { others } = await pointAt(book, plan, 'green', services, 'switch the Services to the new pods', how);
  book.set((state) =>
    withBatch(state, index, (batch) => ({
      ...batch,
      state: 'running',
      startedAt: batch.startedAt ?? book.now,
      pods: others.map((pod): PodEntry => ({ ...pod, state: 'wait' })),
    })),
  );
  book.log(`Switched to the new version: Service ${services.join(', ')}.`);
}

/** The old pods go when nobody is connected to them any more. @throws Stop where somebody stays for longer than traffic.maxDrain */
export async function seeOut(book: Book, plan: PlanHead, index: number): Promise<void> {
  await unpaused(book);
  phase(book, 'batch');
  const pods = book.state.batches[index]?.pods ?? [];
  const result = await silence(book, plan, { pods, undo: false }, index);
  book.set((state) => withBatch(state, index, (batch) => ({ ...settled(batch, result), state: 'running' })));
  if (isThrough(result, 0)) return;
  throw batchStop(book.state.batches[index]?.name ?? '', result);
}

/** The new pods are the workload's own; the old ones, batch `index`, go. */
export async function makeOwn(book: Book, plan: PlanHead, index: number): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  await unpaused(book);
  phase(book, 'committing');
  begin(book, 'commit');
  await untilThrough(book, () =>
    writing.adopt.executeWithOptions({ summary: 'make the new pods the workload’s own; the old ones go' }, [
      commitRequest(book, plan, causeOf(book, plan)),
    ]),
  );
  book.set((state) =>
    withBatch(state, index, (batch) => ({
      ...batch,
      state: 'done',
      endedAt: book.now,
      pods: batch.pods.map((pod): PodEntry => ({ ...pod, state: 'done' })),
    })),
  );
}

/** Selectors as they were, and the workload is given back. */
export async function giveBack(book: Book, plan: PlanHead, services: readonly string[]): Promise<void> {
  const { writing } = clusterActivities(book.identity.target.cluster);
  await pointAt(book, plan, 'both', services, 'take our key out of the selectors', { lenient: true });
  await untilThrough(book, () => {
    book.set((state) => ({ ...state, final: true }));
    return writing.release.executeWithOptions({ summary: 'give the workload back' }, [
      { ...heldRequest(book, plan), recreated: true },
    ]);
  });
}
