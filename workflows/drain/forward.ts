import { workflowInfo } from '@temporalio/workflow';
import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { PlanHead } from '../contract/plan.ts';
import type { ReleaseInput } from '../contract/workflows.ts';
import { Stop, stop } from '../failure.ts';
import { begin, makePlan, passGate, phase } from '../forward.ts';
import { unpaused } from '../hold.ts';
import { NextRun } from '../nextRun.ts';
import { openPods } from '../prepare.ts';
import { heldRequest } from '../requests.ts';
import { withBatch } from '../state.ts';
import { takeOut } from '../takeOut.ts';
import { backInTraffic } from './back.ts';
import { stayOut } from './stayOut.ts';

/** The way forward of a drain, and back into traffic at its end. See Course. */
export async function drainForward(book: Book, input: ReleaseInput): Promise<void> {
  const plan = book.state.plan ?? (await makePlan(book, input));
  if (plan.drain === undefined) throw stop('SPEC_INVALID', 'The workflow `drain` needs a spec of `kind: Drain`.');
  const { writing } = clusterActivities(book.identity.target.cluster);
  const held = heldRequest(book, plan);
  const traffic = { ...held, through: plan.traffic.through };

  if (!book.state.steps.includes('pods')) {
    await unpaused(book);
    phase(book, 'acquiring');
    begin(book, 'acquire');
    await writing.acquire.executeWithOptions({ summary: 'hold the workload and leave our mark' }, [
      { ...held, from: {} },
    ]);
    begin(book, 'openTraffic');
    await writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [traffic]);
    begin(book, 'pods');
  }
  if (book.state.batches[0]?.state !== 'done') await out(book, plan);
  if (workflowInfo().continueAsNewSuggested) throw new NextRun();
  await stayOut(book, plan, () => passGate(book, plan));

  phase(book, 'committing');
  const [failure] = await backInTraffic(book, plan, 'done');
  if (failure !== undefined) throw new Stop(failure);
  await writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [traffic]);
  book.set((state) => ({ ...state, final: true }));
  await writing.release.executeWithOptions({ summary: 'give the workload back as it is now' }, [
    { ...held, adopt: true },
  ]);
}

async function out(book: Book, plan: PlanHead): Promise<void> {
  const batch = book.state.batches[0];
  if (batch === undefined) return;
  await unpaused(book);
  phase(book, 'batch');
  await takeOut(book, plan, 0, openPods(batch), 'out');
  book.set((state) => withBatch(state, 0, (entry) => ({ ...entry, state: 'done', endedAt: book.now })));
}
