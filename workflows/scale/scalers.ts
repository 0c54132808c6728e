import type { Book } from '../book.ts';
import { clusterActivities } from '../clusterActivities.ts';
import type { ScalersRequest } from '../contract/activities/scale.ts';
import type { PlanHead } from '../contract/plan.ts';
import { heldRequest } from '../requests.ts';

/** Keeps the HorizontalPodAutoscalers of the plan from scaling. */
export async function holdScalers(book: Book, plan: PlanHead): Promise<void> {
  await clusterActivities(book.identity.target.cluster).writing.holdScalers.executeWithOptions(
    { summary: 'suspend the HorizontalPodAutoscaler' },
    [requestOf(book, plan, false)],
  );
}

/** Gives them back as they were; `done`: with bounds that hold the new number, where the plan says so. */
export async function giveScalersBack(book: Book, plan: PlanHead, done: boolean): Promise<void> {
  await clusterActivities(book.identity.target.cluster).writing.releaseScalers.executeWithOptions(
    { summary: 'give the HorizontalPodAutoscaler back' },
    [requestOf(book, plan, done && plan.scale?.hpa === 'Bound')],
  );
}

function requestOf(book: Book, plan: PlanHead, bound: boolean): ScalersRequest {
  const { scalers = [], from = 0, to = 0 } = plan.scale ?? {};
  return { ...heldRequest(book, plan), scalers, from, to, bound };
}
