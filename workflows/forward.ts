import { workflowInfo } from '@temporalio/workflow';
import type { Book } from './book.ts';
import { clusterActivities } from './clusterActivities.ts';
import { isBounded } from './contract/bounded.ts';
import { releaseId } from './contract/names.ts';
import { boundText, type PlanHead } from './contract/plan.ts';
import { countOf } from './contract/quantity.ts';
import type { ReleaseInput } from './contract/workflows.ts';
import { batchStop, stop } from './failure.ts';
import { closeGate, openGate } from './gate.ts';
import { unheld, unpaused, untilThrough } from './hold.ts';
import { NextRun } from './nextRun.ts';
import { announce } from './notify.ts';
import { regain } from './operator/regain.ts';
import { prePull } from './prePull.ts';
import type { Room } from './prepare.ts';
import { acquireRequest, causeOf, commitRequest, heldRequest } from './requests.ts';
import { isThrough, runBatch } from './runBatch.ts';
import { type ReleaseState, type Step, waitingBatch, without } from './state.ts';
import { grayAnew, lookAgain, nextBatch } from './survey.ts';

/**
 * The way forward, from wherever the book says that the release is. Ends when the release has succeeded, or was handed
 * over to whoever changed the workload; throws a failure, or a cancellation when the rollback was asked for.
 */
export async function forward(book: Book, input: ReleaseInput): Promise<void> {
  const activities = clusterActivities(book.identity.target.cluster);
  const plan = book.state.plan ?? (await makePlan(book, input));
  const held = heldRequest(book, plan);
  const traffic = { ...held, through: plan.traffic.through };

  await unheld(book);
  if (book.state.regains === true) await regain(book, plan);
  if (!book.state.steps.includes('pods') || book.state.takesOver === true) {
    await unpaused(book);
    await prePull(book, plan);
    await unpaused(book);
    phase(book, 'acquiring');
    begin(book, 'acquire');
    await activities.writing.acquire.executeWithOptions({ summary: 'hold the workload and leave our mark' }, [
      acquireRequest(book, plan),
    ]);
    if (plan.traffic.through.length > 0) {
      begin(book, 'openTraffic');
      await activities.writing.openTraffic.executeWithOptions({ summary: 'prepare the way out of traffic' }, [traffic]);
    }
    begin(book, 'pods');
    if (book.state.takesOver === true) book.set((state) => without(state, 'takesOver'));
  }

  for (;;) {
    // A way forward that begins once more finds a batch that is through, or that has begun.
    const begun = book.state.batches[book.state.index]?.state ?? 'waiting';
    if (begun !== 'done') {
      const next = begun === 'waiting' ? await untilThrough(book, () => nextBatch(book)) : {};
      if (next === undefined) break;
      let { room } = next;
      await untilThrough(book, () => {
        const fresh = room;
        room = undefined;
        return upgrade(book, fresh);
      });
    }
    if (grayAnew(book)) continue;
    await untilThrough(book, () => passGate(book, plan, () => lookAgain(book, plan)));
    book.set((state) => ({ ...state, index: state.index + 1 }));
    if (workflowInfo().continueAsNewSuggested) throw new NextRun();
  }

  await unpaused(book);
  phase(book, 'committing');
  // What was reloaded is in the pods only: there is nothing to make the template.
  if (plan.change.reload === undefined) {
    begin(book, 'commit');
    await untilThrough(book, () =>
      activities.writing.commit.executeWithOptions({ summary: 'make it the template' }, [
        commitRequest(book, plan, causeOf(book, plan)),
      ]),
    );
  }
  if (plan.traffic.through.length > 0) {
    await activities.writing.closeTraffic.executeWithOptions({ summary: 'take our labels and selector away' }, [
      traffic,
    ]);
  }
  await untilThrough(book, () => {
    book.set((state) => ({ ...state, final: true }));
    return activities.writing.release.executeWithOptions({ summary: 'give the workload back' }, [
      {
        ...held,
        ...(plan.change.reload === undefined && { keeps: plan.change.from }),
        ...(plan.change.template && { recreated: true }),
      },
    ]);
  });
}

/** The plan, when it is made: nothing is touched by then. */
export async function makePlan(book: Book, input: ReleaseInput): Promise<PlanHead> {
  const { target, id } = book.identity;
  const { batches, ...plan } = await clusterActivities(target.cluster).waiting.plan.executeWithOptions(
    { summary: 'look and plan' },
    [{ spec: input.spec }],
  );
  if (releaseId(plan.target) !== id) {
    throw stop('SPEC_INVALID', `The spec is for ${releaseId(plan.target)}, but the workflow id is ${id}.`);
  }
  book.set((state) => ({ ...state, plan, batches: batches.map(waitingBatch) }));
  const pods = batches.reduce((sum, batch) => sum + batch.pods.length, 0);
  book.log(
    `Planned ${countOf(pods, 'pod')} in ${countOf(batches.length, 'group')}${isBounded(plan) ? `, ${boundText(plan)}` : ''}.`,
  );
  void announce(book, 'started');
  return plan;
}

/**
 * Runs the batch that is next. @throws Stop when more of its pods failed than may, or it took too long
 * @param looked of a look at its pods just now; a pause makes it old
 */
async function upgrade(book: Book, looked?: Room): Promise<void> {
  const isFresh = book.state.paused === undefined;
  await unpaused(book);
  phase(book, 'batch');
  const { index } = book.state;
  const result = await runBatch(book, index, isFresh ? looked : undefined);
  const { name = '', mayFail = 0 } = book.state.batches[index] ?? {};
  // Where none of the gray group runs it, whatever may fail, nothing speaks for the new version.
  const failedAll = name === 'gray' && result.failed.length > 0 && result.done.length === 0;
  if (isThrough(result, mayFail) && !failedAll) return;
  throw batchStop(name, result);
}

/** Waits at the gate after the batch that has just run. `look`: see {@link openGate}. */
export async function passGate(book: Book, plan: PlanHead, look?: () => Promise<void>): Promise<void> {
  const batch = book.state.batches[book.state.index];
  if (batch === undefined) return;
  await openGate(book, plan, batch, look);
  await unpaused(book);
  closeGate(book);
}

export function phase(book: Book, to: ReleaseState['phase']): void {
  book.set((state) => ({ ...state, phase: to }));
}

/** Records a step before it is begun: it may have happened although its call failed. */
export function begin(book: Book, step: Step): void {
  book.set((state) => (state.steps.includes(step) ? state : { ...state, steps: [...state.steps, step] }));
}
