import { workflowInfo } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import { compensateStep } from '../compensate.ts';
import type { PlanHead } from '../contract/plan.ts';
import { goesUp, type PlannedScale } from '../contract/scale/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { stop } from '../failure.ts';
import { begin, makePlan, passGate, phase } from '../forward.ts';
import { unpaused, untilThrough } from '../hold.ts';
import { NextRun } from '../nextRun.ts';
import { heldRequest } from '../requests.ts';
import { goDown } from './down.ts';
import { giveScalersBack, holdScalers } from './scalers.ts';
import { goUp } from './up.ts';

/** The way forward of a scale. See Course. */
export async function scaleForward(book: Book, input: ReleaseInput): Promise<void> {
  const plan = book.state.plan ?? (await makePlan(book, input));
  const { scale } = plan;
  if (scale === undefined) throw stop('SPEC_INVALID', 'The workflow `scale` needs a spec of `kind: Scale`.');
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const traffic = { ...held, through: plan.traffic.through };
  const opens = !goesUp(scale) && plan.traffic.through.length > 0;

  if (!book.state.steps.includes('number')) {
    await unpaused(book);
    phase(book, 'acquiring');
    begin(book, 'acquire');
    await writing.acquire.executeWithOptions({ summary: 'hold the workload and leave our mark' }, [
      { ...held, from: {} },
    ]);
    if (scale.scalers.length > 0) {
      begin(book, 'scalers');
      await holdScalers(book, plan);
    }
    begin(book, 'number');
  }
  if (opens && !book.state.steps.includes('pods')) {
    begin(book, 'openTraffic');
    await writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [traffic]);
    begin(book, 'pods');
  }
  if (!goesUp(scale)) begin(book, 'pods');

  while (book.state.batches[book.state.index] !== undefined) {
    await untilThrough(book, () => step(book, plan, scale));
    await untilThrough(book, () => passGate(book, plan));
    book.set((state) => ({ ...state, index: state.index + 1 }));
    if (workflowInfo().continueAsNewSuggested) throw new NextRun();
  }

  await unpaused(book);
  phase(book, 'committing');
  if (opens) {
    await writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [traffic]);
  }
  if (!goesUp(scale)) await writing.spare.executeWithOptions({ summary: 'take our marks off pods that stay' }, [held]);
  await untilThrough(book, async () => {
    book.set((state) => ({ ...state, final: true }));
    await writing.release.executeWithOptions({ summary: 'give the workload back' }, [held]);
  });
  // Last: until then it may all be taken back, and nobody else shall set the number meanwhile.
  if (scale.scalers.length > 0) await compensateStep(book, plan, 'scalers', () => giveScalersBack(book, plan, true));
}

async function step(book: Book, plan: PlanHead, scale: PlannedScale): Promise<void> {
  await unpaused(book);
  phase(book, 'batch');
  const { index } = book.state;
  if (goesUp(scale)) await goUp(book, plan, scale, index);
  else await goDown(book, plan, scale, index);
}
