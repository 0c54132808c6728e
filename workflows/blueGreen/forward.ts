import type { Book } from '../book.ts';
import type { PlannedBlueGreen } from '../contract/blueGreen/plan.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { stop } from '../failure.ts';
import { untilThrough } from '../hold.ts';
import { isLeftAt, passGuarded } from './gate.ts';
import { raise } from './green.ts';
import { pointAt, previewsOf, shown } from './requests.ts';
import { giveBack, holdAtOld, makeOwn, seeOut, switchOver } from './stages.ts';

/** The way forward of blue/green. See Course. */
export async function blueGreenForward(book: Book, _input: ReleaseInput): Promise<void> {
  const { plan } = book.state;
  const pair = plan?.blueGreen;
  if (plan === undefined || pair === undefined) throw stop('INTERNAL', 'The plan says nothing of blue and green.');
  const { services } = pair;

  await holdAtOld(book, plan, services);
  const guarded = { services, previews: previewsOf(pair) };
  // A way forward that begins once more may be past the gate.
  if (book.state.index === 0) {
    if (!isLeftAt(book, 0)) await untilThrough(book, () => raisePreviewed(book, plan, pair));
    await untilThrough(book, () => passGuarded(book, plan, 0, { ...guarded, side: 'blue' }));
    book.set((state) => ({ ...state, index: 1 }));
  }

  if (!isLeftAt(book, 1)) await untilThrough(book, () => switchOver(book, plan, services, 1));
  await untilThrough(book, () => passGuarded(book, plan, 1, { ...guarded, side: 'green' }));
  await untilThrough(book, () => seeOut(book, plan, 1));
  await makeOwn(book, plan, 1);
  await giveBack(book, plan, shown(pair));
}

/** All new pods, and the preview shows them. */
async function raisePreviewed(book: Book, plan: PlanHead, pair: PlannedBlueGreen): Promise<void> {
  await raise(book, plan, 0);
  await pointAt(book, plan, 'green', previewsOf(pair), 'let the preview show the new pods', { first: true });
}
