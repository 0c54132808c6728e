import { isLeftAt, passGuarded } from '../blueGreen/gate.ts';
import { raise } from '../blueGreen/green.ts';
import { giveBack, holdAtOld, makeOwn, seeOut, switchOver } from '../blueGreen/stages.ts';
import type { Book } from '../book.ts';
import type { PlannedCanary } from '../contract/canary/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { stop } from '../failure.ts';
import { begin } from '../forward.ts';
import { unpaused, untilThrough } from '../hold.ts';
import { endCanary, guardedAt, splitCallers, unshift } from './requests.ts';

/**
 * The way forward of a canary: in each step new pods, then callers for them, then its gate. In the end the Services are
 * switched to the new pods, of which there are as many by then; the route is as it was; and the old ones go. See Course.
 */
export async function canaryForward(book: Book, _input: ReleaseInput): Promise<void> {
  const { plan, canary } = planNow(book);
  const { services } = canary;

  await holdAtOld(book, plan, services);
  while (book.state.index < planNow(book).canary.steps.length) {
    const { index } = book.state;
    if (planNow(book).canary.steps[index]?.skipped !== true) {
      if (!isLeftAt(book, index)) await untilThrough(book, () => takeStep(book, index));
      await untilThrough(book, () => passGuarded(book, plan, index, guardedAt(planNow(book).canary, index)));
    }
    book.set((state) => ({ ...state, index: index + 1 }));
  }

  const old = book.state.index;
  const shared = canary.route === undefined ? ({ shared: true } as const) : {};
  if (!isLeftAt(book, old)) {
    await untilThrough(book, () => switchOver(book, plan, services, old, shared));
    await untilThrough(book, () => unshift(book, plan, canary));
  }
  await untilThrough(book, () => passGuarded(book, plan, old, { services, previews: [], side: 'green' }));
  await untilThrough(book, () => seeOut(book, plan, old));
  await makeOwn(book, plan, old);
  await endCanary(book, plan, canary);
  await giveBack(book, plan, services);
}

/** More pods, and when they are ready and checked more callers for them. */
async function takeStep(book: Book, index: number): Promise<void> {
  // Until it begins people may change it.
  await unpaused(book);
  const { plan, canary } = planNow(book);
  const { pods } = canary.steps[index] ?? {};
  await raise(book, plan, index, pods === undefined ? {} : { share: pods });
  await unpaused(book);
  begin(book, 'split');
  await splitCallers(book, plan, canary, index, index === 0 ? { first: true } : {});
}

/** People may have changed the steps. */
function planNow({ state: { plan } }: Book): { readonly plan: PlanHead; readonly canary: PlannedCanary } {
  if (plan?.canary === undefined) throw stop('INTERNAL', 'The plan says nothing of a canary.');
  return { plan, canary: plan.canary };
}
