import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { batchStop, stop } from '../failure.ts';
import { begin, phase } from '../forward.ts';
import { unpaused, untilThrough } from '../hold.ts';
import { causeOf, commitRequest, heldRequest } from '../requests.ts';
import { isThrough, settled } from '../runBatch.ts';
import { type PodEntry, withBatch } from '../state.ts';
import { silence } from './child.ts';
import { passGuarded } from './gate.ts';
import { raise } from './green.ts';
import { pointAt, previewsOf, shown } from './requests.ts';

/** The way forward of blue/green. See Course. */
export async function blueGreenForward(book: Book, _input: ReleaseInput): Promise<void> {
  const { plan } = book.state;
  const pair = plan?.blueGreen;
  if (plan === undefined || pair === undefined) throw stop('INTERNAL', 'The plan says nothing of blue and green.');
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);

  if (!book.state.steps.includes('green')) {
    await unpaused(book);
    phase(book, 'acquiring');
    begin(book, 'acquire');
    await writing.acquire.executeWithOptions({ summary: 'hold the workload and leave our mark' }, [
      { ...held, from: plan.change.from, ...(plan.change.template && { template: plan.change.template }) },
    ]);
    begin(book, 'services');
    await untilThrough(book, () =>
      pointAt(book, plan, 'blue', pair.services, 'let the Services call the old pods only', { first: true }),
    );
    begin(book, 'green');
  }
  await untilThrough(book, () => raisePreviewed(book, plan, pair));
  const guarded = { services: pair.services, previews: previewsOf(pair) };
  await untilThrough(book, () => passGuarded(book, plan, 0, { ...guarded, side: 'blue' }));
  book.set((state) => ({ ...state, index: 1 }));

  await untilThrough(book, () => switchOver(book, plan, pair));
  await untilThrough(book, () => passGuarded(book, plan, 1, { ...guarded, side: 'green' }));
  await untilThrough(book, () => seeOut(book, plan));

  await unpaused(book);
  phase(book, 'committing');
  begin(book, 'commit');
  await untilThrough(book, () =>
    writing.adopt.executeWithOptions({ summary: 'make the new pods the workload’s own; the old ones go' }, [
      commitRequest(book, plan, causeOf(book, plan)),
    ]),
  );
  book.set((state) =>
    withBatch(state, 1, (batch) => ({
      ...batch,
      state: 'done',
      endedAt: book.now,
      pods: batch.pods.map((pod): PodEntry => ({ ...pod, state: 'done' })),
    })),
  );
  await pointAt(book, plan, 'both', shown(pair), 'take our key out of the selectors', { lenient: true });
  await untilThrough(book, () => {
    book.set((state) => ({ ...state, final: true }));
    return writing.release.executeWithOptions({ summary: 'give the workload back' }, [{ ...held, recreated: true }]);
  });
}

/** All new pods, and the preview shows them. */
async function raisePreviewed(book: Book, plan: PlanHead, pair: PlannedBlueGreen): Promise<void> {
  await raise(book, plan, 0);
  await pointAt(book, plan, 'green', previewsOf(pair), 'let the preview show the new pods', { first: true });
}

/** The switch: one write to each Service, seen in its endpoints. */
async function switchOver(book: Book, plan: PlanHead, pair: PlannedBlueGreen): Promise<void> {
  await unpaused(book);
  phase(book, 'batch');
  begin(book, 'switch');
  const { others } = await pointAt(book, plan, 'green', pair.services, 'switch the Services to the new pods');
  book.set((state) =>
    withBatch(state, 1, (batch) => ({
      ...batch,
      state: 'running',
      startedAt: batch.startedAt ?? book.now,
      pods: others.map((pod): PodEntry => ({ ...pod, state: 'wait' })),
    })),
  );
  book.log(`Switched to the new version: Service ${pair.services.join(', ')}.`);
}

/** The old pods go when nobody is connected to them any more. @throws Stop where somebody stays for longer than traffic.maxDrain */
async function seeOut(book: Book, plan: PlanHead): Promise<void> {
  await unpaused(book);
  phase(book, 'batch');
  const pods = book.state.batches[1]?.pods ?? [];
  const result = await silence(book, plan, { pods, undo: false }, 1);
  book.set((state) => withBatch(state, 1, (batch) => ({ ...settled(batch, result), state: 'running' })));
  if (isThrough(result, 0)) return;
  throw batchStop(book.state.batches[1]?.name ?? '', result);
}
